/** Runs cells: compiled by tslab's converter, with variables, source lines, interrupts, modules and parameters. */
import { CellTypeError, reportError, type ErrorContext, type ErrorReport } from './errors.js'
import { createInterrupts, Interrupted, type Interrupts } from './interrupts.js'
import { withParameters } from './parameters.js'
import type { Patched } from './compiler.js'
import { nameLocations, registerCell, type CellLocation, type FindSource } from './locations.js'
import { isGrammar, syntaxErrors, withoutExports } from './syntax.js'
import type { CellCompiler, Completions, Converted, QuickInfo, SideOutput } from './tslab.js'
import { createVariables } from './variables.js'

export type Outcome =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: ErrorReport }

/** JavaScript of a cell. */
export interface Script {
  readonly code: string
  /** Whether it has an `await` outside functions. */
  readonly isAsync: boolean
  /** What must be done first, such as loading packages. */
  prepare(): Promise<void>
}

export type Require = (id: string) => unknown

/** What cells import. */
export interface Modules {
  /** For cells. */
  readonly require: Require
  /** Adds JavaScript that was compiled from local TypeScript files. */
  add(outputs: readonly SideOutput[]): void
  /** Loads packages that cells import by `require` but only `import()` can load. */
  prepare(ids: readonly string[]): Promise<void>
  /** `import()` in a cell, or in a local file that has this `require`. */
  load(require: Require & { resolve?(id: string): string }, id: unknown, options?: object): Promise<unknown>
}

/** The platform that cells run on: Node (node/start.ts), or another that implements this. */
export interface Host extends ErrorContext {
  /** Shared numbers; see flags.ts. */
  readonly flags: Int32Array
  /** Runs kernel code that an interrupt must not terminate. */
  protect<T>(work: () => T): T
  /** Sets what is called on the event loop for an interrupt, and after code was terminated. */
  onInterrupt(heard: (count: number) => void, terminated: () => void): void
  readonly modules: Modules
  /** Runs JavaScript in the global scope. The promise of a terminated script never settles. */
  execute(script: Script): Promise<void>
  /** Lets the event loop run once. */
  breathe(): Promise<unknown>
  readonly findSource: FindSource
}

export interface Cells {
  readonly interrupts: Interrupts
  run(number: number, source: string): Promise<Outcome>
  /** Compiles a cell that is not run, so that the compiler has read and checked what it uses. */
  warmUp(source: string): void
  /** Reports an error of the current or last cell. */
  report(error: unknown): ErrorReport
  inspect(source: string, position: number): QuickInfo | undefined
  complete(source: string, position: number): Completions
  /** Kind of a name that neomesh exports: the compiler knows it as an alias only. */
  kindOf(name: string): string
  /** Defines a function that cells can call without importing it. */
  provide(name: 'prompt', value: unknown): void
  close(): void
}

/** Declarations of what the kernel provides to cells. */
const PROVIDED =
  '/** Asks the user for a line. */\ndeclare function prompt(message?: string, initial?: string): string | null;\n'

/** `neomesh`: the library's exports, for completions. */
export function createCells(
  tslab: CellCompiler,
  patched: Patched,
  neomesh: Readonly<Record<string, unknown>>,
  host: Host,
): Cells {
  const { protect, modules } = host
  nameLocations(host.root, host.findSource)
  const awaits = new WeakMap<object, CellLocation[]>()
  const variables = createVariables()
  const converter = tslab.createConverter()
  let number = 0
  /** Declarations of all cells so far, including those that failed. */
  let declarations = PROVIDED

  const interrupts = createInterrupts(host.flags, host.breathe, (error, line) => {
    if (typeof error !== 'object' || error === null) return
    awaits.set(error, [...(awaits.get(error) ?? []), { cell: number, line }])
  })
  host.onInterrupt(interrupts.heard, interrupts.terminated)

  /** Compiles the cell; throws CellTypeError. */
  const convert = (given: string) => {
    const source = withParameters(given)
    const wrong = syntaxErrors(patched.compiler(), source)
    if (wrong.length > 0) {
      registerCell(number, { source: given, lineOf: (line) => line })
      throw new CellTypeError(number, wrong, true)
    }
    const converted = converter.convert(declarations, withoutExports(patched.compiler(), source))
    const { lineOf, awaits: isAsync, imports } = patched.lastScript()
    const name = registerCell(number, { source: given, lineOf })
    if (converted.diagnostics.length > 0) {
      const grammar = converted.diagnostics.filter(isGrammar)
      throw new CellTypeError(number, grammar.length > 0 ? grammar : converted.diagnostics, grammar.length > 0)
    }
    declarations = converted.declOutput ?? ''
    modules.add(converted.sideOutputs ?? [])
    const { names, output } = withoutBlanks(converted)
    variables.begin(names)
    const code = output === undefined ? '' : `${output}${name}`
    return { code, isAsync, last: converted.lastExpressionVar, prepare: () => modules.prepare(imports) }
  }

  /** Runs the cell; the name of the variable that holds the value of its last expression, if it has one. */
  const run = async (source: string): Promise<string | undefined> => {
    const { module, mode } = tslab.getCodeMetadata(source)
    if (module !== undefined) {
      const diagnostics = converter.addModule(module, source)
      registerCell(number, { source, lineOf: (line) => line })
      if (diagnostics.length > 0) throw new CellTypeError(number, diagnostics)
      return undefined
    }
    if (mode === 'browser') return undefined
    const { last, ...script } = protect(() => convert(source))
    await Promise.race([host.execute(script), interrupts.givenUp()])
    return last
  }

  const provided = globalThis as unknown as Record<string, unknown>
  provided.__neomesh__ = {
    exports: variables.exports,
    require: modules.require,
    load: modules.load,
    check: interrupts.check,
    wait: interrupts.wait,
    each: interrupts.each,
  }

  const report = (error: unknown): ErrorReport =>
    reportError(error, (typeof error === 'object' && error !== null && awaits.get(error)) || [], host)

  return {
    interrupts,
    report,
    warmUp: (source) => void protect(() => converter.convert(declarations, source)),
    async run(cell, source) {
      number = cell
      interrupts.begin()
      try {
        const last = await run(source)
        const stopped = interrupts.end()
        const result = last === undefined ? undefined : variables.take(last)
        return stopped ? { ok: false, error: report(new Interrupted()) } : { ok: true, result }
      } catch (error) {
        const stopped = interrupts.end()
        variables.fail(cell)
        return {
          ok: false,
          error: report((stopped && isInterrupt(error)) || isOfSignal(error) ? new Interrupted() : error),
        }
      }
    },
    inspect: (source, position) => protect(() => converter.inspect(declarations, source, position)),
    complete: (source, position) => protect(() => converter.complete(declarations, source, position)),
    kindOf(name) {
      const value = neomesh[name]
      if (value === undefined) return name in neomesh ? 'const' : 'interface'
      return typeof value === 'function' ? (/^class /.test(String(value)) ? 'class' : 'function') : 'const'
    },
    provide: (name, value) => void (variables.exports[name] = value),
    close: () => converter.close(),
  }
}

/** The error of a child process that an interrupt ended before the kernel received it. */
const isOfSignal = (error: unknown) => error instanceof Error && 'signal' in error && error.signal === 'SIGINT'

/** Whether an interrupted cell ended by it: Interrupted, an aborted signal, or a child process that was interrupted, too. */
function isInterrupt(error: unknown): boolean {
  const { name, status, cause } = Object(error) as { name?: string; status?: number; cause?: unknown }
  return name === 'Interrupted' || name === 'AbortError' || status === 130 || (cause != null && isInterrupt(cause))
}

/**
 * The compiler makes a cell assign undefined to all its variables first. That would clear those of earlier cells if the
 * cell fails early, so these lines are removed; they list the names.
 */
function withoutBlanks({ output }: Converted): { names: string[]; output?: string } {
  const names: string[] = []
  const text = output?.replace(/^(?:exports\.[\p{ID_Continue}$]+ = )+void 0;$/gmu, (line) => {
    names.push(...[...line.matchAll(/exports\.([\p{ID_Continue}$]+)/gu)].map(([, name]) => name))
    return ''
  })
  return { names, output: text }
}
