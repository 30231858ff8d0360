/** Which line of which cell, or of the project's TypeScript, a place in running JavaScript came from. */
import { findSourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { LineOf } from './compiler.js'

export interface CellText {
  readonly source: string
  readonly lineOf: LineOf
}

const cells = new Map<number, CellText>()
const SCRIPT = 'neomesh-cell:'

/** Makes the cell known; returns what to write below its JavaScript, so that stack traces name it. */
export function rememberCell(number: number, text: CellText): string {
  cells.set(number, text)
  return `\n//# sourceURL=${SCRIPT}${number}`
}

export const sourceOf = (cell: number): string | undefined => cells.get(cell)?.source

/** `cell 3:2` stands in stack traces below a folder, as paths do. */
export interface Place {
  readonly cell: number
  readonly line: number
}

/** The place in a cell that a line of a stack trace names, if any. */
export function cellPlaceIn(line: string): Place | null {
  const found = /\bcell (\d+):(\d+)/.exec(line)
  return found && { cell: Number(found[1]), line: Number(found[2]) }
}

/** Has stack traces name lines of cells, as `ROOT/cell 3:2:1`, and of TypeScript where Node knows the source maps. */
export function nameSources(root: string): void {
  Error.prepareStackTrace = (error, sites) => {
    const lines = sites.map((site) => `\n    at ${named(String(site), root)}`)
    return `${headOf(error)}${lines.join('')}`
  }
}

function headOf(error: Error): string {
  try {
    return String(error)
  } catch {
    return 'Error'
  }
}

function named(site: string, root: string): string {
  return site
    .replace(/neomesh-cell:(\d+):(\d+):(\d+)/, (_, cell, line, column) => {
      const at = cells.get(Number(cell))?.lineOf(Number(line) - 1, Number(column) - 1)
      return `${root}cell ${cell}:${at ?? line}:1`
    })
    .replace(/(file:\/\/[^)]*?|\/[^)]*?\.js):(\d+):(\d+)/, (given, script: string, line, column) => {
      const path = script.startsWith('file://') ? fileURLToPath(script) : script
      const entry = (findSourceMap(path) ?? findSourceMap(script))?.findEntry(Number(line) - 1, Number(column) - 1)
      if (!entry || !('originalLine' in entry)) return given
      return `${new URL(entry.originalSource, `file://${path}`).pathname}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
    })
}
