/** Runs cells with tslab: its converter and executor, told of variables, places, interrupts and parameters. */
import { CellTypeError, reportError, type ErrorReport } from './errors.js'
import { createInterrupts, Interrupted, type Interrupts } from './interrupts.js'
import { withParameters } from './parameters.js'
import type { Patched } from './compiler.js'
import { nameSources, rememberCell, type Place } from './places.js'
import type { Completions, Converted, Converter, QuickInfo, Tslab } from './tslab.js'
import { createVariables } from './variables.js'

export type Outcome =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: ErrorReport }

export interface Cells {
  readonly interrupts: Interrupts
  run(number: number, source: string): Promise<Outcome>
  /** As an error of the cell that runs or ran. */
  report(error: unknown): ErrorReport
  inspect(source: string, position: number): QuickInfo | undefined
  complete(source: string, position: number): Completions
  /** Kind of a name that neomesh exports: the compiler knows it as an alias only. */
  kindOf(name: string): string
  close(): void
}

/** `neomesh` is what cells import by that name. */
export function createCells(
  root: string,
  tslab: Tslab,
  patched: Patched,
  neomesh: Readonly<Record<string, unknown>>,
): Cells {
  nameSources(root)
  const awaits = new WeakMap<object, Place[]>()
  const variables = createVariables()
  const converter = tslab.createConverter()
  let number = 0
  /** Of all cells so far. tslab would keep none of a cell that failed. */
  let declarations = ''
  /** Variable that holds what the cell's last expression gave. */
  let last: string | undefined
  let thrown: { error: unknown } | null = null

  const interrupts = createInterrupts((error, line) => {
    if (typeof error !== 'object' || error === null) return
    const places = awaits.get(error) ?? []
    awaits.set(error, [...places, { cell: number, line }])
  })

  const converts: Converter = {
    ...converter,
    convert(_, given) {
      const source = withParameters(given)
      const converted = converter.convert(declarations, source)
      const { lineOf, awaits } = patched.lastScript()
      const name = rememberCell(number, { source: given, lineOf })
      if (converted.diagnostics.length > 0) throw new CellTypeError(number, converted.diagnostics)
      declarations = converted.declOutput ?? ''
      const { names, output } = withoutBlanks(converted)
      variables.begin(names)
      last = converted.lastExpressionVar
      return {
        ...converted,
        output: output && `${output}${name}`,
        hasToplevelAwait: awaits,
        lastExpressionVar: undefined,
      }
    },
  }
  const executor = tslab.createExecutor(
    root,
    { node: converts, browser: converts, close: () => converter.close() },
    { log() {}, error: (error) => (thrown = { error }) },
  )
  const provided = globalThis as unknown as Record<string, any>
  provided.__tslab__ = { exports: variables.exports, require: requireWith(neomesh, provided.__tslab__.require) }
  provided.__neomesh__ = { wait: interrupts.wait, each: interrupts.each }

  const report = (error: unknown): ErrorReport =>
    reportError(error, (typeof error === 'object' && error !== null && awaits.get(error)) || [], root)

  return {
    interrupts,
    report,
    async run(cell, source) {
      number = cell
      last = undefined
      thrown = null
      interrupts.begin()
      try {
        await executor.execute(source)
      } catch (error) {
        thrown = { error }
      }
      const stopped = interrupts.end()
      if (thrown) {
        variables.fail(cell)
        const { error } = thrown as { error: unknown }
        return { ok: false, error: report(isInterrupt(error, stopped) ? new Interrupted() : error) }
      }
      const result = last === undefined ? undefined : variables.take(last)
      return stopped ? { ok: false, error: report(new Interrupted()) } : { ok: true, result }
    },
    inspect: (source, position) => converter.inspect(declarations, source, position),
    complete: (source, position) => converter.complete(declarations, source, position),
    kindOf(name) {
      const value = neomesh[name]
      if (value === undefined) return name in neomesh ? 'const' : 'interface'
      return typeof value === 'function' ? (/^class /.test(String(value)) ? 'class' : 'function') : 'const'
    },
    close: () => converter.close(),
  }
}

/** What a stopped cell ends with: our error, that of a signal, or Node's of a loop without awaits. */
function isInterrupt(error: unknown, stopped: boolean): boolean {
  const { name, code } = Object(error) as { name?: string; code?: string }
  return code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED' || (stopped && name === 'AbortError')
}

/**
 * The compiler has a cell set all its variables to undefined first. That would empty those of earlier cells when it fails
 * early, so it is left out; it lists the names.
 */
function withoutBlanks({ output }: Converted): { names: string[]; output?: string } {
  const names: string[] = []
  const text = output?.replace(/^(?:exports\.[\p{ID_Continue}$]+ = )+void 0;$/gmu, (line) => {
    names.push(...[...line.matchAll(/exports\.([\p{ID_Continue}$]+)/gu)].map(([, name]) => name))
    return ''
  })
  return { names, output: text }
}

/** Node finds a module of this kind by `require` from version 20.19 on only. */
function requireWith(neomesh: unknown, require: NodeJS.Require): (id: string) => unknown {
  return (id) => (id === 'neomesh' ? neomesh : require(id))
}
