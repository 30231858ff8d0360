/** What the kernel uses of the compiler inside tslab (TypeScript 5.0), as far as it is used. */
export interface Node {
  readonly kind: number
  readonly parent: Node
  getStart(): number
  getSourceFile(): SourceFile
}

export interface SourceFile extends Node {
  readonly fileName: string
  getLineAndCharacterOfPosition(position: number): { line: number; character: number }
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
    createCallExpression(callee: Node, types: undefined, values: readonly Node[]): Node
    updateAwaitExpression(node: AwaitExpression, expression: Node): Node
    updateForOfStatement(node: ForOfStatement, a: Node, initializer: Node, expression: Node, statement: Node): Node
  }
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
  afterProgramCreate(builder: Builder): void
}
