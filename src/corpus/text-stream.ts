/** A file's text as bytes of UTF-8, whatever encoding it is in, without its byte order mark. */
import { streamBytes } from './byte-stream.js'
import { detectEncoding, headBytes, type Encoding } from './encoding.js'
import { DataError } from './error.js'
import type { ReadReport } from './report.js'
import { withoutLoneSurrogates } from './utf8.js'

/**
 * UTF-16 and UTF-32 are recognised and decoded; bytes that are not valid in them become U+FFFD, counted in the report.
 * Other bytes pass as they are, valid UTF-8 or not. Throws FileError, or DataError for an archive that is corrupt and for
 * a file that is no text.
 */
export async function* streamText(path: string, report: ReadReport): AsyncGenerator<Buffer> {
  const bytes = streamBytes(path, (count) => (report.inputBytes += count))
  try {
    const held: Buffer[] = []
    let heldBytes = 0
    let ended = false
    while (heldBytes < headBytes && !ended) {
      const { value, done } = await bytes.next()
      if (done === true) ended = true
      else heldBytes += held[held.push(value) - 1].length
    }
    const first = held.length === 1 ? held[0] : Buffer.concat(held)
    const detected = detectEncoding(first.subarray(0, headBytes))
    if ('got' in detected) throw new DataError(`${path} must be text (got ${detected.got}). ${detected.remedy}`)
    const toUtf8 = transcoder(detected.encoding, report)
    yield toUtf8(first.subarray(detected.mark), ended)
    if (!ended) for await (const piece of bytes) yield toUtf8(piece, false)
    if (!ended) yield toUtf8(Buffer.alloc(0), true)
  } finally {
    await bytes.return(undefined)
  }
}

/** A function that turns pieces into UTF-8; characters may be cut between pieces. */
function transcoder(encoding: Encoding, report: ReadReport): (piece: Buffer, last: boolean) => Buffer {
  if (encoding === 'utf-8') return (piece) => piece
  const unit = encoding.startsWith('utf-16') ? 2 : 4
  let rest: Buffer = Buffer.alloc(0)
  return (piece, last) => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    let end = bytes.length - (bytes.length % unit)
    if (unit === 2 && !last && end > 0 && isHighSurrogate(bytes, end - 2, encoding)) end -= 2
    rest = Buffer.from(bytes.subarray(end))
    let { text, replaced } = withoutLoneSurrogates(decodeUnits(bytes.subarray(0, end), encoding))
    if (last && rest.length > 0) {
      text += '\ufffd'
      replaced++
    }
    report.replaced += replaced
    return Buffer.from(text)
  }
}

function isHighSurrogate(bytes: Buffer, at: number, encoding: Encoding): boolean {
  return (bytes[encoding === 'utf-16le' ? at + 1 : at] & 0xfc) === 0xd8
}

/** Points that Unicode does not have become half a surrogate pair, which is replaced like those of UTF-16. */
function decodeUnits(bytes: Buffer, encoding: Encoding): string {
  if (encoding === 'utf-16le') return bytes.toString('utf16le')
  if (encoding === 'utf-16be') return Buffer.from(bytes).swap16().toString('utf16le')
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const point = encoding === 'utf-32le' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
    text += point > 0x10ffff ? '\ud800' : String.fromCodePoint(point)
  }
  return text
}
