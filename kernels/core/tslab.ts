/**
 * What the kernel uses of tslab's converter, which type-checks cells and compiles them to JavaScript. tslab is an optional
 * dependency, so its types are declared here. The converter runs in Node and, bundled, in a browser.
 */
export interface Position {
  readonly offset: number
  /** From 0. */
  readonly line: number
  /** From 0. */
  readonly character: number
}

export interface Diagnostic {
  readonly start: Position
  readonly end: Position
  readonly messageText: string
  readonly code: number
  /** Of a module that the cell imports; absent for the cell itself. */
  readonly fileName?: string
}

export interface Converted {
  output?: string
  declOutput?: string
  readonly diagnostics: readonly Diagnostic[]
  readonly lastExpressionVar?: string
  readonly hasToplevelAwait?: boolean
  readonly sideOutputs?: readonly SideOutput[]
}

/** JavaScript of a local file that a cell imports. */
export interface SideOutput {
  readonly path: string
  readonly data: string
}

export interface QuickInfo {
  readonly displayParts?: readonly { text: string }[]
  readonly documentation?: readonly { text: string }[]
  readonly tags?: readonly { name: string; text?: readonly { text: string }[] }[]
}

export interface Completions {
  readonly start: number
  readonly end: number
  readonly candidates: readonly string[]
  readonly original?: { readonly entries: readonly { name: string; kind: string }[] }
}

export interface Converter {
  /** `declarations` are those of all earlier cells. */
  convert(declarations: string, source: string): Converted
  inspect(declarations: string, source: string, position: number): QuickInfo | undefined
  complete(declarations: string, source: string, position: number): Completions
  addModule(name: string, content: string, metadata?: object): Diagnostic[]
  close(): void
}

/** The functions of tslab that compile cells. */
export interface CellCompiler {
  createConverter(): Converter
  /** Reads directives in comments at the start of a cell: `@module NAME` makes it a module. */
  getCodeMetadata(source: string): { module?: string; mode?: 'node' | 'browser' }
  isCompleteCode(source: string): { completed: boolean; indent?: string }
}
