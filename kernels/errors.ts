/** What is shown of an error that ends a cell: name, message, the cell's own line, a short trace. */
import { inspect } from 'node:util'
import { cellPlaceIn, sourceOf, type Place } from './places.js'
import type { Diagnostic } from './tslab.js'

/** Of Jupyter's protocol. */
export interface ErrorReport {
  readonly ename: string
  readonly evalue: string
  readonly traceback: readonly string[]
}

/** A cell that does not parse or type-check, so that it is not run. */
export class CellTypeError extends Error {
  constructor(
    readonly cell: number,
    readonly problems: readonly Diagnostic[],
    isSyntax = false,
  ) {
    super(problems[0].messageText)
    this.name = isSyntax ? 'SyntaxError' : 'TypeScriptError'
  }
}

/** Lines of the trace that are shown: of the library, just the calls nearest to a cell. */
const FRAMES = 8
const LIBRARY_FRAMES = 2
/** Lines of the cell that are shown before and after the one that failed. */
const AROUND = 2

const red = (text: string) => `\u001b[31m${text}\u001b[39m`
const bold = (text: string) => `\u001b[1m${text}\u001b[22m`
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`

/** `awaits`: places in cells that the error came through while it was awaited. */
export function reportError(error: unknown, awaits: readonly Place[], root: string): ErrorReport {
  if (error instanceof CellTypeError) return reportTypes(error)
  const { name, message } = namesOf(error)
  const frames: Frame[] = [...framesOf(error, root), ...awaits.map((place) => ({ text: nameOf(place), place }))]
  const trace = frames.filter(({ place }, i) => !place || frames.findIndex((other) => isSame(other.place, place)) === i)
  const first = trace.findIndex(({ place }) => place)
  const shown = trace
    .filter((_, i) => first < 0 || trace.slice(i, i + 1 + LIBRARY_FRAMES).some(({ place }) => place))
    .slice(0, FRAMES)
  const traceback = [
    `${red(bold(name))}: ${message}`,
    ...(first >= 0 ? ['', ...excerpt(trace[first].place!)] : []),
    ...(shown.length > 1 ? ['', ...shown.map(({ text }) => dim(`  at ${text}`))] : []),
    ...causesOf(error),
  ]
  return { ename: name, evalue: message, traceback }
}

interface Frame {
  readonly text: string
  /** Of a cell. */
  readonly place: Place | null
}

const nameOf = ({ cell, line }: Place) => `cell ${cell}, line ${line}`
const isSame = (a: Place | null, b: Place) => a?.cell === b.cell && a.line === b.line

function namesOf(error: unknown): { name: string; message: string } {
  if (!(error instanceof Error)) return { name: 'Thrown', message: inspect(error, { depth: 1 }) }
  return { name: error.name || error.constructor.name, message: error.message }
}

/** Of causes and parts, those that are shown. */
const DEPTH = 8

/** The causes of an error, each with the errors that it holds together. */
function causesOf(error: unknown): string[] {
  const lines: string[] = []
  const seen = new Set<unknown>([error])
  let current = error
  while (seen.size <= DEPTH) {
    const parts = current instanceof AggregateError ? current.errors : []
    if (parts.length > 0 && lines.length === 0) lines.push('')
    parts.slice(0, DEPTH).forEach((part, i) => lines.push(`${i + 1} of ${parts.length}: ${headOf(part)}`))
    if (parts.length > DEPTH) lines.push(`... ${parts.length - DEPTH} more`)
    const cause = current instanceof Error ? current.cause : undefined
    // What the system said is in the message already.
    if (cause === undefined || seen.has(cause) || (cause instanceof Error && 'syscall' in cause)) break
    if (lines.length === 0) lines.push('')
    lines.push(`caused by ${headOf(cause)}`)
    seen.add((current = cause))
  }
  return lines
}

function headOf(error: unknown): string {
  const { name, message } = namesOf(error)
  return `${name}: ${message}`
}

/** Frames of user code and of packages, the innermost first. */
function framesOf(error: unknown, root: string): Frame[] {
  if (!(error instanceof Error)) return []
  const stack = (error.stack ?? '').replace(error.message, '')
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .filter((line) => !/\bnode:|[\\/]@?tslab[\\/]|[\\/]kernels[\\/]|[( ]<anonymous>\)?$/.test(line))
    .map((line): Frame => {
      const place = cellPlaceIn(line)
      const plain = line
        .trim()
        .replaceAll(root, '')
        .replace(/^at (?:async )?(?:(?:Proxy|Object)\.)?/, '')
      return { place, text: place ? plain.replace(/cell (\d+):(\d+):\d+/, 'cell $1, line $2') : plain }
    })
    .filter(({ place }) => !place || place.line <= (sourceOf(place.cell)?.split('\n').length ?? 0))
}

function excerpt({ cell, line }: Place): string[] {
  const lines = sourceOf(cell)?.split('\n')
  if (!lines || line > lines.length) return []
  const from = Math.max(1, line - AROUND)
  const shown = lines.slice(from - 1, line + AROUND)
  const width = String(line + AROUND).length
  return [
    `cell ${cell}, line ${line}`,
    ...shown.map((text, i) => {
      const number = String(from + i).padStart(width)
      return from + i === line ? `${red('->')} ${bold(`${number} ${text}`)}` : `   ${dim(`${number} ${text}`)}`
    }),
  ]
}

function reportTypes({ name, cell, problems }: CellTypeError): ErrorReport {
  const lines = sourceOf(cell)?.split('\n') ?? []
  const traceback: string[] = []
  let last: Diagnostic | undefined
  for (const problem of problems) {
    const { start, end, messageText, fileName } = problem
    // The compiler says why in further lines about the same place.
    const more = last?.start.offset === start.offset && last.fileName === fileName
    if (!more) {
      const at = fileName ? `${fileName}:${start.line + 1}` : `cell ${cell}, line ${start.line + 1}`
      if (last) traceback.push('')
      traceback.push(`${red(bold(name))} ${at}: ${messageText}`)
      const text = fileName ? undefined : lines[start.line]
      if (text !== undefined) {
        const length =
          end.line === start.line ? Math.max(1, end.character - start.character) : text.length - start.character
        const number = String(start.line + 1)
        traceback.push(
          `   ${dim(number)} ${text}`,
          `   ${' '.repeat(number.length + 1 + start.character)}${red('~'.repeat(length))}`,
        )
      }
    } else traceback.push(`   ${messageText}`)
    last = problem
  }
  traceback.push('', 'The cell was not run.', ...hintOf(problems))
  return { ename: name, evalue: problems[0].messageText, traceback }
}

/** Of a dim that a tensor does not have, in words. */
function hintOf(problems: readonly Diagnostic[]): string[] {
  for (const { messageText } of problems) {
    const found = /'Dim<"([^"]+)">' is not assignable to (?:parameter of )?type 'Dim<([^>]+)>'/.exec(messageText)
    if (!found) continue
    const there = found[2].replaceAll('"', '').split(' | ').join(', ')
    return [`The dim "${found[1]}" is not among those of the tensor here: ${there}.`]
  }
  return []
}
