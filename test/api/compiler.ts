/** What the API report uses of TypeScript's own API: its declarations would add to the global types of the project. */
export interface Declaration {
  readonly parent?: Declaration
  /** Of exports. */
  readonly isTypeOnly?: boolean
  getStart(): number
  getSourceFile(): SourceFile
}

export interface SourceFile extends Declaration {
  readonly fileName: string
  getLineAndCharacterOfPosition(position: number): { readonly line: number }
}

export interface Entity {
  readonly name: string
  readonly flags: number
  readonly declarations?: readonly Declaration[]
  getDocumentationComment(checker: Checker): readonly unknown[]
}

export interface Checker {
  getSymbolAtLocation(node: Declaration): Entity | undefined
  getExportsOfModule(module: Entity): readonly Entity[]
  getAliasedSymbol(alias: Entity): Entity
  getImmediateAliasedSymbol(alias: Entity): Entity | undefined
}

type Flag = 'Alias' | 'Class' | 'Function' | 'Variable' | 'Interface' | 'ValueModule'

export interface Compiler {
  readonly SymbolFlags: Readonly<Record<Flag, number>>
  readonly ModuleKind: { readonly NodeNext: number }
  readonly EmitHint: { readonly Unspecified: number }
  createProgram(
    files: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ): { getTypeChecker(): Checker; getSourceFile(path: string): SourceFile | undefined }
  createPrinter(options: { removeComments: boolean }): {
    printNode(hint: number, node: Declaration, file: SourceFile): string
  }
  displayPartsToString(parts: readonly unknown[]): string
  getJSDocTags(node: Declaration): readonly { readonly tagName: { readonly text: string } }[]
  isVariableDeclaration(node: Declaration): boolean
}
