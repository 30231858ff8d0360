/** Reading JSON, with errors that give line, column and remedy. */
import { readFile } from './access.js'
import { FileError, withFileErrors } from './error.js'
import { headBytes, refuseForeign } from './foreign.js'

/** The parsed content of a JSON file (a byte order mark is skipped). Throws FileError with line and column. */
export async function readJson(path: string): Promise<unknown> {
  const bytes = await withFileErrors('read', path, () => readFile(path))
  return parseJson(jsonText(bytes, path), path)
}

/** The text of a JSON file. Throws FileError if it is of another kind, too large, or too deeply nested. */
export function jsonText(bytes: Buffer, path: string): string {
  refuseForeign(path, bytes.subarray(0, headBytes), bytes.length, 'json')
  const text = utf8Text(bytes, path)
  checkNesting(text, path)
  return text
}

/** Bytes as text. A JavaScript string has at most 2^29 - 24 characters. */
function utf8Text(bytes: Buffer, path: string): string {
  if (bytes.length >= 2 ** 29 - 24)
    throw new FileError(`${path} must be smaller than 512 MiB (got ${bytes.length} bytes). Check the path`, path)
  return bytes.toString('utf8')
}

/** Maximum nesting: deeper than any config or tokenizer, and far below the limit of recursion. */
const maximumDepth = 200

/** Throws FileError for brackets nested deeper than that: printing such a value would overflow the stack. */
export function checkNesting(text: string, path: string): void {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > maximumDepth)
        throw new FileError(
          `${path}:${lineAndColumn(text, at)}: must be nested at most ${maximumDepth} levels deep`,
          path,
        )
    } else if (code === 0x5d || code === 0x7d) depth--
  }
}

const QUOTE = 0x22

/** Index of the quote that ends the string beginning at `at`; the length of the text if there is none. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === 0x5c) end++
    else if (code === QUOTE) return end
  }
  return text.length
}

/** Parses JSON text; `path` names its source in errors. Throws FileError. */
export function parseJson(text: string, path: string): unknown {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text
  if (body.trim() === '') throw new FileError(`${path} must contain JSON (got an empty file). Check the path`, path)
  try {
    return JSON.parse(body)
  } catch (cause) {
    const { message } = cause as Error
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? firstOddToken(body))
    const reason = message.replace(
      /(, "?\.{0,3}"[^]*)? is not valid JSON$| in JSON at position[^]*$| after JSON[^]*$/,
      '',
    )
    throw new FileError(`${path}:${lineAndColumn(body, position)}: not valid JSON: ${reason}`, path, undefined, {
      cause,
    })
  }
}

/** "LINE:COLUMN", both from 1. */
function lineAndColumn(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n')
  return `${lines.length}:${lines[lines.length - 1].length + 1}`
}

/** V8 gives no position for a missing value or truncated text: it is where JSON's tokens end. */
function firstOddToken(text: string): number {
  const punctuation = /\s+|[{[]|(?<![:,[]\s*)[,:}]|(?<![:,]\s*)\]/
  const scalar = /"(?:[^"\\]|\\.)*"|(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?!\w)/
  const tokens = new RegExp(`${punctuation.source}|${scalar.source}`, 'y')
  let end = 0
  while (end < text.length && tokens.test(text)) end = tokens.lastIndex
  return end
}
