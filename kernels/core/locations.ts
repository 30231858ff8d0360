/** Source locations: which line of which cell, or of TypeScript, a position in running JavaScript was compiled from. */
import type { LineOf } from './compiler.js'

export interface CellText {
  readonly source: string
  readonly lineOf: LineOf
}

const cells = new Map<number, CellText>()
const SCRIPT = 'neomesh-cell:'

/** Registers the cell; returns the line to append to its JavaScript, by which stack traces name it. */
export function registerCell(number: number, text: CellText): string {
  cells.set(number, text)
  return `\n//# sourceURL=${SCRIPT}${number}`
}

export const sourceOf = (cell: number): string | undefined => cells.get(cell)?.source

/** A line of a cell. Stack traces have it as `ROOT/cell 3:2:1`: below a folder, as paths are. */
export interface CellLocation {
  readonly cell: number
  /** From 1. */
  readonly line: number
}

/** The location in a cell that a line of a stack trace names, if any. */
export function cellLocationIn(line: string): CellLocation | null {
  const found = /\bcell (\d+):(\d+)/.exec(line)
  return found && { cell: Number(found[1]), line: Number(found[2]) }
}

/** `PATH:LINE:COLUMN` of the source that a script's position (line and column from 1) was compiled from; null if unknown. */
export type FindSource = (script: string, line: number, column: number) => string | null

/** `    at FUNCTION (SCRIPT:LINE:COLUMN)` with the names of cells and sources; see nameLocations. */
let nameOf = (site: string): string => site

/** Makes stack traces name lines of cells, and of TypeScript where `findSource` knows them. `root` ends with a slash. */
export function nameLocations(root: string, findSource: FindSource): void {
  nameOf = (site) => named(site, root, findSource)
  Error.prepareStackTrace = (error, sites) => {
    const lines = sites.map((site) => `\n    at ${nameOf(String(site))}`)
    return `${headOf(error)}${lines.join('')}`
  }
}

/** The stack trace as V8 writes it. Firefox has `FUNCTION@SCRIPT:LINE:COLUMN` in each line, and knows no prepareStackTrace. */
export function stackOf(error: Error): string {
  const stack = error.stack ?? ''
  if (/^\s+at /m.test(stack)) return stack
  return stack
    .split('\n')
    .map((line) => {
      const found = /^([^@]*)@(.*:\d+:\d+)$/.exec(line)
      if (!found) return line
      const [, name, place] = found
      const plain = name.replace(/^(?:async\*|\*)*|[/<]+$/g, '')
      return `    at ${nameOf(plain === '' || plain === 'anonymous' ? place : `${plain} (${place})`)}`
    })
    .join('\n')
}

function headOf(error: Error): string {
  try {
    return String(error)
  } catch {
    return 'Error'
  }
}

function named(site: string, root: string, findSource: FindSource): string {
  return site
    .replace(/neomesh-cell:(\d+):(\d+):(\d+)/, (_, cell, line, column) => {
      const original = cells.get(Number(cell))?.lineOf(Number(line) - 1, Number(column) - 1)
      return `${root}cell ${cell}:${original ?? line}:1`
    })
    .replace(
      /((?:file|https?):\/\/[^)]*?|\/[^)]*?\.js):(\d+):(\d+)(?=\)?$)/,
      (given, script: string, line, column) => findSource(script, Number(line), Number(column)) ?? given,
    )
}
