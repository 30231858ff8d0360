/** .txt files: one document a file, read in pieces, so that a file may be larger than memory. */
import { lastCut } from './cut-text.js'
import type { DocumentPiece, ReadReport } from './read-documents.js'
import { streamBytes } from './byte-stream.js'
import { decodeUtf8, withoutByteOrderMark } from './utf8.js'

/** A document longer than this comes in several pieces, cut before white space. */
const pieceBytes = 4 << 20
/** Text without any white space to cut at is cut between characters here: it has to end somewhere. */
const longestPieceBytes = 64 << 20

export async function* readText(path: string, report: ReadReport): AsyncGenerator<DocumentPiece> {
  let held: Buffer[] = []
  let heldBytes = 0
  let atStart = true

  function piece(bytes: Buffer, last: boolean): DocumentPiece {
    const { text, replaced } = decodeUtf8(atStart ? withoutByteOrderMark(bytes) : bytes)
    atStart = false
    report.replaced += replaced
    return { text, last, path }
  }

  for await (const bytes of streamBytes(path, (count) => (report.inputBytes += count))) {
    held.push(bytes)
    heldBytes += bytes.length
    if (heldBytes < pieceBytes) continue
    const joined = Buffer.concat(held)
    let cut = lastCut(joined, 0, joined.length)
    if (cut < 0 && heldBytes >= longestPieceBytes) cut = lastCharacterStart(joined)
    if (cut > 0) yield piece(joined.subarray(0, cut), false)
    held = [cut > 0 ? joined.subarray(cut) : joined]
    heldBytes = held[0].length
  }
  yield piece(Buffer.concat(held), true)
}

/** Where the last character, whole or not, begins. */
function lastCharacterStart(bytes: Buffer): number {
  let i = bytes.length - 1
  while (i > bytes.length - 4 && (bytes[i] & 0xc0) === 0x80) i--
  return i
}
