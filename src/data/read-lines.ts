/** .jsonl files: a JSON object a line, its text under one key. */
import { parseJson } from '../files/index.js'
import { DataError } from './error.js'
import type { DocumentPiece, ReadReport } from './read-documents.js'
import { streamBytes } from './byte-stream.js'
import { decodeUtf8, withoutByteOrderMark, withoutLoneSurrogates } from './utf8.js'

/** V8's strings end at about 512 MiB; a line near that is a mistake anyway. */
const longestLineBytes = 256 << 20

/** Blank lines are skipped. Throws DataError or FileError that names file and line. */
export async function* readJsonLines(path: string, textKey: string, report: ReadReport): AsyncGenerator<DocumentPiece> {
  for await (const { bytes, line } of readLines(path, report)) {
    const { text: json, replaced } = decodeUtf8(line === 1 ? withoutByteOrderMark(bytes) : bytes)
    report.replaced += replaced
    if (json.trim() === '') continue
    let text = textOf(parseLine(json, `${path}:${line}`), textKey, `${path}:${line}`)
    // Only an escape can bring in half a surrogate pair.
    if (json.includes('\\u')) {
      const whole = withoutLoneSurrogates(text)
      report.replaced += whole.replaced
      text = whole.text
    }
    yield { text, last: true, path, line }
  }
}

function parseLine(json: string, place: string): unknown {
  try {
    return parseJson(json, place)
  } catch (cause) {
    // parseJson counts lines within the text that it is given, which is always one.
    throw new DataError((cause as Error).message.replace(`${place}:1:`, `${place}, column `), { cause })
  }
}

function textOf(value: unknown, textKey: string, place: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(
      `${place}: it holds ${describe(value)}; each line of a .jsonl file is an object with the key "${textKey}"`,
    )
  const text = (value as Record<string, unknown>)[textKey]
  if (typeof text === 'string') return text
  const keys = Object.keys(value)
    .map((key) => `"${key}"`)
    .join(', ')
  throw new DataError(
    text === undefined
      ? `${place}: it has no key "${textKey}"; it has ${keys || 'none'}. Name the right one with the text key option`
      : `${place}: key "${textKey}" holds ${describe(text)}, not text`,
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
  for await (const piece of streamBytes(path, (count) => (report.inputBytes += count))) {
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
        `${path}:${line}: the line is longer than ${longestLineBytes >> 20} MiB. Is this a .jsonl file?`,
      )
  }
  if (heldBytes > 0) yield { bytes: Buffer.concat(held), line }
}
