import { isUtf8 } from 'node:buffer'
import { FileError, readPieces } from '../files/index.js'
import { TokenizerError } from './error.js'

const NEWLINE = 0x0a
const CHUNK = 1 << 20

/** Pieces of a UTF-8 file, about 1 MiB each, cut between characters. Throws TokenizerError if it cannot be read so. */
export async function* utf8Pieces(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of readChunks(path)) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const end = wholeCharacters(bytes)
    checkUtf8(path, bytes.subarray(0, end), position)
    yield bytes.subarray(0, end)
    rest = bytes.subarray(end)
    position += end
  }
  checkUtf8(path, rest, position)
}

/** The "text" of each line of a JSON-lines file. Throws TokenizerError with the line's number if there is none. */
export async function* jsonlTexts(path: string): AsyncGenerator<string, void, undefined> {
  let number = 0
  let line = ''
  for await (const piece of utf8Pieces(path)) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield* textOf(path, ++number, line + bytes.toString('utf8', start, end))
      line = ''
      start = end + 1
    }
    line += bytes.toString('utf8', start)
  }
  yield* textOf(path, ++number, line)
}

function* textOf(path: string, number: number, line: string): Generator<string, void, undefined> {
  if (line.trim() === '') return
  let text: unknown
  try {
    text = (JSON.parse(line) as { text?: unknown } | null)?.text
  } catch (error) {
    throw new TokenizerError(
      `${path}, line ${number}`,
      `not JSON (${(error as Error).message})`,
      'each line must be an object with a string "text"',
      error,
    )
  }
  if (typeof text !== 'string')
    throw new TokenizerError(
      `${path}, line ${number}`,
      'no string "text"',
      'each line must be an object with a string "text"',
    )
  yield text
}

async function* readChunks(path: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* readPieces(path, CHUNK)
  } catch (error) {
    if (error instanceof FileError && error.code !== 'ENOENT') throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new TokenizerError(
      path,
      code === 'ENOENT' ? 'no such file' : `cannot be read (${message})`,
      'give paths of UTF-8 text or .jsonl files',
      error,
    )
  }
}

function checkUtf8(path: string, bytes: Uint8Array, position: number): void {
  if (!isUtf8(bytes))
    throw new TokenizerError(
      path,
      `not UTF-8 between bytes ${position} and ${position + bytes.length}`,
      'convert it (iconv -f LATIN1 -t UTF-8), or unpack it if it is compressed',
    )
}

/** Length without an incomplete character at the end. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]
    if (byte < 0x80) break
    if (byte >= 0xc0) {
      const size = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
      return size > back ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}
