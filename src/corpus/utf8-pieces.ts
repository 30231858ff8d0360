/** Text that must be UTF-8 once it is decoded, for readers that do not replace what is not. */
import { isUtf8 } from '../runtime/index.js'
import { DataError } from './error.js'
import type { ReadReport } from './report.js'
import { streamText } from './text-stream.js'

/** Pieces of a text file as UTF-8, cut between characters. Throws DataError for other bytes, FileError. */
export async function* utf8Pieces(path: string, report: ReadReport): AsyncGenerator<Uint8Array> {
  let position = 0
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of streamText(path, report)) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece
    const end = wholeCharacters(bytes)
    checkUtf8(path, bytes.subarray(0, end), position)
    yield bytes.subarray(0, end)
    rest = bytes.subarray(end)
    position += end
  }
  checkUtf8(path, rest, position)
}

function checkUtf8(path: string, bytes: Uint8Array, position: number): void {
  if (isUtf8(bytes)) return
  throw new DataError(
    `${path} must be UTF-8, UTF-16 or UTF-32 text (got other bytes between ${position} and ${position + bytes.length}). ` +
      'Convert it, for example with `iconv -f LATIN1 -t UTF-8` if it is Latin-1',
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
