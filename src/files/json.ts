/** Reading JSON with errors that a person can act on. */
import { readText } from './access.js'
import { FileError, withFileErrors } from './error.js'

/** The parsed content of a JSON file (a byte order mark is skipped). Throws FileError with line and column. */
export async function readJson(path: string): Promise<unknown> {
  const text = await withFileErrors('read', path, () => readText(path))
  return parseJson(text, path)
}

/** Parses JSON text; `path` says where it came from. Throws FileError. */
export function parseJson(text: string, path: string): unknown {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text
  if (body.trim() === '') throw new FileError(`${path} is empty. It should hold JSON`, path)
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

/** V8 gives no position where a value is due and none stands, or text ends early: it is where JSON's tokens stop. */
function firstOddToken(text: string): number {
  const punctuation = /\s+|[{[]|(?<![:,[]\s*)[,:}]|(?<![:,]\s*)\]/
  const scalar = /"(?:[^"\\]|\\.)*"|(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?!\w)/
  const tokens = new RegExp(`${punctuation.source}|${scalar.source}`, 'y')
  let end = 0
  while (end < text.length && tokens.test(text)) end = tokens.lastIndex
  return end
}
