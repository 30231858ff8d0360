/**
 * What the kernel changes in the compiler inside tslab: how `neomesh` and packages are resolved, the source line of each
 * line of JavaScript, shorthand properties of variables of earlier cells, instrumentation for interrupts, and timers.
 */
import { instrument, type Found } from './instrument.js'
import { shareTimer } from './rebuild-timer.js'
import { readSourceMap, type SourceMap } from './source-map.js'
import type {
  Builder,
  CompilerApi,
  Node,
  ShorthandPropertyAssignment,
  Transformer,
  TranspileOptions,
} from './compiler-api.js'

/** Line of a cell, from 1, that a position in its JavaScript (line and column from 0) was compiled from. */
export type LineOf = (line: number, column: number) => number

/** What was found in the cell that was converted last. */
export interface Script {
  readonly lineOf: LineOf
  /** Whether an `await` or `for await` stands outside of functions. tslab does not see the latter. */
  readonly awaits: boolean
  /** Specifiers of its `import` statements. */
  readonly imports: readonly string[]
}

export interface Patched {
  /** The compiler inside tslab, once it has been loaded. */
  compiler(): CompilerApi
  readonly patch: (compiler: CompilerApi) => Partial<CompilerApi>
  lastScript(): Script
}

/** `root`: folder of this package, with a slash at the end. */
export function patchCompiler(root: string): Patched {
  let last: Script = { lineOf: (line) => line, awaits: false, imports: [] }
  let api: CompilerApi
  return {
    compiler: () => api,
    lastScript: () => last,
    patch: (compiler) => ({
      createWatchCompilerHost: (files, options, ...rest) => {
        api = compiler
        // Resolves packages whose "exports" only `import` reaches, as Node does.
        const moduleResolution = compiler.ModuleResolutionKind.Bundler
        const all = { ...options, ...compilerOptions(root), moduleResolution }
        return compiler.createWatchCompilerHost(files, all, ...rest)
      },

      createWatchProgram(host) {
        Object.assign(host, shareTimer(host))
        const take = host.afterProgramCreate
        host.afterProgramCreate = (builder) => take.call(host, withShorthands(compiler, builder))
        return compiler.createWatchProgram(host)
      },

      // tslab makes modules of CommonJS with this, of a cell's imports first and of the cell last.
      transpileModule(input, options) {
        const { text, map } = cutSourceMap(input)
        const made = transpile(compiler, text, options, map)
        last = made.script
        return { outputText: made.text }
      },

      sys: {
        ...compiler.sys,
        watchFile: (path, ...rest) => (isFixed(path) ? UNWATCHED : compiler.sys.watchFile(path, ...rest)),
      },
    }),
  }
}

function compilerOptions(root: string): Record<string, unknown> {
  return {
    baseUrl: root,
    paths: { neomesh: ['dist/src/index.d.ts'], 'neomesh/*': ['dist/src/*/index.d.ts'] },
    types: ['node'],
    lib: ['lib.es2023.d.ts'],
    // Without the first a function of the wrong dims would be taken for one of the right ones; without the second keys
    // of configs would be optional, as zod's types have them then.
    strictFunctionTypes: true,
    strictNullChecks: true,
    inlineSourceMap: true,
  }
}

const UNWATCHED = { close() {} }

/** Declarations of packages and of the built project do not change under a running kernel, whose code is loaded once. */
const isFixed = (path: string) => /[\\/](node_modules|dist)[\\/]/.test(path)

/** `{ engine }`, where `engine` is of an earlier cell, becomes `{ engine: exports.engine }`, which tslab does not do. */
function withShorthands(ts: CompilerApi, builder: Builder): Builder {
  const ofEarlierCells = (node: ShorthandPropertyAssignment) =>
    builder
      .getProgram()
      .getTypeChecker()
      .getShorthandAssignmentValueSymbol(ts.getOriginalNode(node))
      ?.declarations?.some((declaration) => declaration.getSourceFile().fileName.endsWith('/__prev__.d.ts'))
  const expand: Transformer = (context) => (file) => {
    const visit = (node: Node): Node => {
      if (!ts.isShorthandPropertyAssignment(node) || !ofEarlierCells(node))
        return ts.visitEachChild(node, visit, context)
      const { createIdentifier, createPropertyAccessExpression, createPropertyAssignment } = ts.factory
      const name = () => createIdentifier(node.name.text)
      return createPropertyAssignment(name(), createPropertyAccessExpression(createIdentifier('exports'), name()))
    }
    return ts.visitEachChild(file, visit, context)
  }
  return {
    ...builder,
    emit: (file, write, token, declarationsOnly, custom) =>
      builder.emit(file, write, token, declarationsOnly, { ...custom, after: [expand, ...(custom.after ?? [])] }),
  }
}

function transpile(ts: CompilerApi, text: string, options: TranspileOptions, first: SourceMap | null) {
  // tslab writes one line before a cell's source, so lines from 0 with it are lines from 1 without.
  const cellLine = (line: number, column: number) => (first ? originOf(first, line, column).line : line)
  const found: Found = { awaits: false, imports: [] }
  const { outputText, sourceMapText } = ts.transpileModule(text, {
    ...options,
    compilerOptions: { ...options.compilerOptions, sourceMap: true },
    transformers: { before: [instrument(ts, cellLine, found)] },
  })
  const second = readSourceMap(JSON.parse(sourceMapText!))
  const lineOf: LineOf = (line, column) => {
    const origin = originOf(second, line, column)
    return cellLine(origin.line, origin.column)
  }
  return { text: outputText.replace(/^\/\/# sourceMappingURL=.*$/m, ''), script: { lineOf, ...found } }
}

function originOf(map: SourceMap, line: number, column: number): { line: number; column: number } {
  return map.find(line, column) ?? { line, column }
}

/** Splits a module into its text and the source map that the compiler appended to it. */
function cutSourceMap(text: string): { text: string; map: SourceMap | null } {
  const found = /^\/\/# sourceMappingURL=data:application\/json;base64,(.*)$/m.exec(text)
  if (!found) return { text, map: null }
  const bytes = Uint8Array.from(atob(found[1]), (character) => character.charCodeAt(0))
  return { text: text.slice(0, found.index), map: readSourceMap(JSON.parse(new TextDecoder().decode(bytes))) }
}
