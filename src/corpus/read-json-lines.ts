/** .jsonl files: a JSON object a line, its text under one key. */
import { isUtf8 } from '../runtime/index.js'
import { parseJson } from '../files/index.js'
import { DataError } from './error.js'
import type { DocumentPiece } from './read-documents.js'
import { newReport, noteSkippedLine, type ReadReport } from './report.js'
import { streamText } from './text-stream.js'
import { decodeUtf8, withoutLoneSurrogates } from './utf8.js'

/** V8's strings end at about 512 MiB; a line near that is a mistake anyway. */
const longestLineBytes = 256 << 20
/** Keys that are named in an error. */
const keysNamed = 12

export interface JsonLinesOptions {
  /** The key that holds the text. */
  readonly textKey: string
  /** Skip lines that cannot be used, and report them. @default false: they are errors */
  readonly skipBadLines?: boolean
  /** Refuse bytes that are not UTF-8. @default false: they become U+FFFD */
  readonly strict?: boolean
}

/** Blank lines are passed over. Throws DataError or FileError that names file and line. */
export async function* readJsonLines(
  path: string,
  { textKey, skipBadLines = false, strict = false }: JsonLinesOptions,
  report: ReadReport,
): AsyncGenerator<DocumentPiece> {
  for await (const { bytes, line } of readLines(path, report)) {
    const where = `${path}:${line}`
    let found: { text: string; replaced: number } | undefined
    try {
      if (strict && !isUtf8(bytes))
        throw new DataError(`${where}: the line must be UTF-8. Convert the file with \`iconv\``)
      found = textOfLine(bytes, textKey, where)
    } catch (cause) {
      if (!skipBadLines || !(cause instanceof DataError)) throw cause
      noteSkippedLine(report, cause.message)
      continue
    }
    if (found === undefined) continue
    report.replaced += found.replaced
    yield { text: found.text, last: true, path, line }
  }
}

/** The values of a .jsonl file, also packed, with their lines. Throws DataError or FileError that names file and line. */
export async function* readJsonValues(
  path: string,
  report: ReadReport = newReport(),
): AsyncGenerator<{ value: unknown; line: number }> {
  for await (const { bytes, line } of readLines(path, report)) {
    const { text } = decodeUtf8(bytes)
    if (text.trim() !== '') yield { value: parseLine(text, `${path}:${line}`), line }
  }
}

/** The text of a line, undefined for a blank one. */
function textOfLine(bytes: Buffer, textKey: string, where: string): { text: string; replaced: number } | undefined {
  const { text: json, replaced } = decodeUtf8(bytes)
  if (json.trim() === '') return undefined
  const text = textOf(parseLine(json, where), textKey, where)
  // Only an escape can bring in half a surrogate pair.
  if (!json.includes('\\u')) return { text, replaced }
  const whole = withoutLoneSurrogates(text)
  return { text: whole.text, replaced: replaced + whole.replaced }
}

function parseLine(json: string, where: string): unknown {
  try {
    return parseJson(json, where)
  } catch (cause) {
    // parseJson counts lines within the text that it is given, which is always one.
    throw new DataError((cause as Error).message.replace(`${where}:1:`, `${where}, column `), { cause })
  }
}

function textOf(value: unknown, textKey: string, where: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`${where}: the line must be an object with the key "${textKey}" (got ${describe(value)})`)
  const text = Object.hasOwn(value, textKey) ? (value as Record<string, unknown>)[textKey] : undefined
  if (typeof text === 'string') return text
  if (text !== undefined) throw new DataError(`${where}: key "${textKey}" must hold text (got ${describe(text)})`)
  throw new DataError(
    `${where}: the line must have the key "${textKey}" (got ${describeKeys(Object.keys(value))}). ` +
      'Name the key of the text with --text-key (textKey)',
  )
}

function describeKeys(keys: readonly string[]): string {
  if (keys.length === 0) return 'no keys'
  const more = keys.length > keysNamed ? ` and ${keys.length - keysNamed} more` : ''
  return (
    keys
      .slice(0, keysNamed)
      .map((key) => JSON.stringify(key.slice(0, 60)))
      .join(', ') + more
  )
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Lines without their line feed, numbered from 1. */
async function* readLines(path: string, report: ReadReport): AsyncGenerator<{ bytes: Buffer; line: number }> {
  let line = 1
  let held: Buffer[] = []
  let heldBytes = 0
  for await (const piece of streamText(path, report)) {
    let start = 0
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
      const tail = piece.subarray(start, end)
      yield { bytes: held.length === 0 ? tail : Buffer.concat([...held, tail]), line: line++ }
      held = []
      heldBytes = 0
      start = end + 1
    }
    held.push(piece.subarray(start))
    heldBytes += piece.length - start
    if (heldBytes > longestLineBytes)
      throw new DataError(
        `${path}:${line}: the line must be at most ${longestLineBytes >> 20} MiB. Is this a file of JSON lines?`,
      )
  }
  if (heldBytes > 0) yield { bytes: Buffer.concat(held), line }
}
