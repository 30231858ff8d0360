/** What the kernel uses of the compiler inside tslab (TypeScript 5.0). */
export interface Node {
  readonly kind: number
  readonly parent: Node
  readonly end: number
  getStart(file?: SourceFile): number
  getSourceFile(): SourceFile
}

export interface SourceFile extends Node {
  readonly fileName: string
  readonly statements: readonly Statement[]
  readonly parseDiagnostics: readonly ParseDiagnostic[]
  getLineAndCharacterOfPosition(position: number): { line: number; character: number }
}

/** The parts of a statement that `export` and `import` use. */
export interface Statement extends Node {
  readonly modifiers?: readonly Node[]
  readonly name?: Node
  readonly expression?: Node
  readonly isExportEquals?: boolean
  readonly isTypeOnly?: boolean
  readonly exportClause?: Node
  readonly moduleSpecifier?: Node & { readonly text: string }
}

export interface ParseDiagnostic {
  readonly start: number
  readonly length: number
  readonly code: number
  readonly messageText: unknown
}

export interface Block extends Node {
  readonly statements: readonly Node[]
}

/** A function or a loop: the part that runs again is its body or statement. */
export interface Repeating extends Node {
  readonly body?: Node
  readonly statement?: Node
}

export interface Call extends Node {
  readonly expression: Node
  readonly arguments: readonly Node[]
}

export interface ShorthandPropertyAssignment extends Node {
  readonly name: Node & { readonly text: string }
}

export interface AwaitExpression extends Node {
  readonly expression: Node
}

export interface ForOfStatement extends Node {
  readonly awaitModifier?: Node
  readonly initializer: Node
  readonly expression: Node
  readonly statement: Node
}

export type Visit = (node: Node) => Node
export type Transformer = (context: object) => (file: SourceFile) => SourceFile

export interface Builder {
  getProgram(): { getTypeChecker(): Checker }
  emit(file: SourceFile, write: unknown, token: unknown, declarationsOnly: unknown, custom: Transformers): unknown
}

export interface Checker {
  getShorthandAssignmentValueSymbol(node: Node): { declarations?: readonly Node[] } | undefined
}

interface Transformers {
  readonly before?: readonly Transformer[]
  readonly after?: readonly Transformer[]
  readonly afterDeclarations?: readonly Transformer[]
}

export interface TranspileOptions {
  readonly fileName: string
  readonly compilerOptions: Readonly<Record<string, unknown>>
  readonly transformers?: Transformers
}

export interface CompilerApi {
  readonly version: string
  readonly sys: { watchFile(path: string, callback: unknown, interval?: number): { close(): void } }
  readonly factory: {
    createIdentifier(text: string): Node
    createNumericLiteral(value: number): Node
    createPropertyAccessExpression(object: Node, name: Node): Node
    createPropertyAssignment(name: Node, value: Node): Node
    createBlock(statements: readonly Node[], multiLine?: boolean): Node
    createExpressionStatement(expression: Node): Node
    createComma(left: Node, right: Node): Node
    createParenthesizedExpression(expression: Node): Node
    updateBlock(node: Block, statements: readonly Node[]): Node
    createCallExpression(callee: Node, types: undefined, values: readonly Node[]): Node
    updateAwaitExpression(node: AwaitExpression, expression: Node): Node
    updateForOfStatement(node: ForOfStatement, a: Node, initializer: Node, expression: Node, statement: Node): Node
  }
  readonly SyntaxKind: Readonly<Record<string, number>>
  readonly ScriptKind: { readonly TS: number }
  readonly ScriptTarget: { readonly ES2022: number }
  readonly ModuleResolutionKind: { readonly Bundler: number }
  createSourceFile(name: string, text: string, target: number, parents: boolean, kind: number): SourceFile
  flattenDiagnosticMessageText(text: unknown, newLine: string): string
  isBlock(node: Node): node is Block
  isArrowFunction(node: Node): boolean
  isIterationStatement(node: Node, lookInLabels: false): boolean
  isPrologueDirective(node: Node): boolean
  isCallExpression(node: Node): node is Call
  isImportDeclaration(node: Node): boolean
  isExportDeclaration(node: Node): boolean
  isExportAssignment(node: Node): boolean
  isNamedExports(node: Node): boolean
  getOriginalNode(node: Node): Node
  visitEachChild<T extends Node>(node: T, visit: Visit, context: object): T
  isAwaitExpression(node: Node): node is AwaitExpression
  isFunctionLike(node: Node): boolean
  isForOfStatement(node: Node): node is ForOfStatement
  isShorthandPropertyAssignment(node: Node): node is ShorthandPropertyAssignment
  createWatchCompilerHost(files: string[], options: Record<string, unknown>, ...rest: unknown[]): WatchHost
  createWatchProgram(host: WatchHost): unknown
  transpileModule(input: string, options: TranspileOptions): { outputText: string; sourceMapText?: string }
}

export interface WatchHost {
  setTimeout?(callback: () => void, delay: number): unknown
  clearTimeout?(timer: unknown): void
  afterProgramCreate(builder: Builder): void
}
