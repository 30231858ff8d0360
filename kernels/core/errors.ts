/** What is shown of an error that ends a cell: name, message, the line of the cell, a short trace. */
import { cellLocationIn, sourceOf, stackOf, type CellLocation } from './locations.js'
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

/** Limit on the lines of the trace that are shown; of the library, only the calls nearest to a cell. */
const FRAMES = 8
const LIBRARY_FRAMES = 2
/** Lines of the cell shown before and after the one that failed. */
const AROUND = 2

const red = (text: string) => `\u001b[31m${text}\u001b[39m`
const bold = (text: string) => `\u001b[1m${text}\u001b[22m`
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`

/** What the report of an error needs to know. */
export interface ErrorContext {
  /** Folder of the project, with a slash at the end: left out of paths. */
  readonly root: string
  /** The text of a thrown value that is not an Error. */
  inspect(value: unknown): string
  /** Whether a line of a stack trace is of the kernel or of the platform. */
  isInternal(frame: string): boolean
}

/** `awaits`: locations in cells at which the error was awaited. */
export function reportError(error: unknown, awaits: readonly CellLocation[], context: ErrorContext): ErrorReport {
  if (error instanceof CellTypeError) return reportTypes(error)
  const { name, message } = namesOf(error, context)
  const frames: Frame[] = [
    ...framesOf(error, context),
    ...awaits.map((location) => ({ text: nameOf(location), location })),
  ]
  const trace = frames.filter(
    ({ location }, i) => !location || frames.findIndex((other) => isSame(other.location, location)) === i,
  )
  const first = trace.findIndex(({ location }) => location)
  const shown = trace
    .filter((_, i) => first < 0 || trace.slice(i, i + 1 + LIBRARY_FRAMES).some(({ location }) => location))
    .slice(0, FRAMES)
  const traceback = [
    `${red(bold(name))}: ${message}`,
    ...(first >= 0 ? ['', ...excerpt(trace[first].location!)] : []),
    ...(shown.length > 1 ? ['', ...shown.map(({ text }) => dim(`  at ${text}`))] : []),
    ...causesOf(error, context),
  ]
  return { ename: name, evalue: message, traceback }
}

interface Frame {
  readonly text: string
  /** Null for a frame outside cells. */
  readonly location: CellLocation | null
}

const nameOf = ({ cell, line }: CellLocation) => `cell ${cell}, line ${line}`
const isSame = (a: CellLocation | null, b: CellLocation) => a?.cell === b.cell && a.line === b.line

function namesOf(error: unknown, { inspect }: ErrorContext): { name: string; message: string } {
  if (!(error instanceof Error)) return { name: 'Thrown', message: inspect(error) }
  return { name: error.name || error.constructor.name, message: error.message }
}

/** Limit on the causes, and on the parts of each, that are shown. */
const DEPTH = 8

/** The causes of an error, each with the errors that it aggregates. */
function causesOf(error: unknown, context: ErrorContext): string[] {
  const lines: string[] = []
  const seen = new Set<unknown>([error])
  let current = error
  while (seen.size <= DEPTH) {
    const parts = current instanceof AggregateError ? current.errors : []
    if (parts.length > 0 && lines.length === 0) lines.push('')
    parts.slice(0, DEPTH).forEach((part, i) => lines.push(`${i + 1} of ${parts.length}: ${headOf(part, context)}`))
    if (parts.length > DEPTH) lines.push(`... ${parts.length - DEPTH} more`)
    const cause = current instanceof Error ? current.cause : undefined
    // The message has the system's error already.
    if (cause === undefined || seen.has(cause) || isOfSystem(cause)) break
    if (lines.length === 0) lines.push('')
    lines.push(`caused by ${headOf(cause, context)}`)
    seen.add((current = cause))
  }
  return lines
}

/** Of files: Node has the system call's name; a browser's files have the code alone. */
const isOfSystem = (error: unknown) =>
  error instanceof Error && ('syscall' in error || ('code' in error && error.message === error.code))

function headOf(error: unknown, context: ErrorContext): string {
  const { name, message } = namesOf(error, context)
  return `${name}: ${message}`
}

/** Frames of user code and of packages, the innermost first. */
function framesOf(error: unknown, { root, isInternal }: ErrorContext): Frame[] {
  if (!(error instanceof Error)) return []
  const stack = stackOf(error).replace(error.message, '')
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .filter((line) => !isInternal(line) && !/[( ]<anonymous>\)?$/.test(line))
    .map((line): Frame => {
      const location = cellLocationIn(line)
      const plain = line
        .trim()
        .replaceAll(root, '')
        .replace(/^at (?:async )?(?:(?:Proxy|Object)\.)?/, '')
        .replace(/^eval \((cell .*)\)$/, '$1') // how browsers run cells
      return { location, text: location ? plain.replace(/cell (\d+):(\d+):\d+/, 'cell $1, line $2') : plain }
    })
    .filter(({ location }) => !location || location.line <= (sourceOf(location.cell)?.split('\n').length ?? 0))
}

function excerpt({ cell, line }: CellLocation): string[] {
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
    // The compiler explains in further diagnostics with the same start.
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

/** Explains the compiler's error about a dim that a tensor does not have. */
function hintOf(problems: readonly Diagnostic[]): string[] {
  for (const { messageText } of problems) {
    const found = /'Dim<"([^"]+)">' is not assignable to (?:parameter of )?type 'Dim<([^>]+)>'/.exec(messageText)
    if (!found) continue
    const there = found[2].replaceAll('"', '').split(' | ').join(', ')
    return [`The dim "${found[1]}" is not among those of the tensor here: ${there}.`]
  }
  return []
}
