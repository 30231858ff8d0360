/** Text files: one document a file, read in pieces, so that a file may be larger than memory. */
import { lastCut } from './cut-text.js'
import type { DocumentPiece } from './read-documents.js'
import type { ReadReport } from './report.js'
import { streamText } from './text-stream.js'
import { decodeUtf8 } from './utf8.js'

/** A document longer than this comes in several pieces, cut before white space. */
const pieceBytes = 4 << 20
/** Text without any white space to cut at is cut between characters here: it has to end somewhere. */
const longestPieceBytes = 64 << 20
/** Bytes before a cut that say whether it is a good one. */
const context = 4

export async function* readText(path: string, report: ReadReport): AsyncGenerator<DocumentPiece> {
  let held: Buffer[] = []
  let heldBytes = 0
  /** Bytes held, from the first on, that have been searched. */
  let searched = 0

  function piece(bytes: Buffer, last: boolean): DocumentPiece {
    const { text, replaced } = decodeUtf8(bytes)
    report.replaced += replaced
    return { text, last, path }
  }

  /** The last offset to cut at, -1 if there is none. Searching all again for each piece would take quadratic time. */
  function findCut(): number {
    const newest = held[held.length - 1]
    const before = held.length > 1 ? held[held.length - 2].subarray(-context) : newest.subarray(0, 0)
    const start = heldBytes - newest.length
    if (searched < start || before.length < context) {
      held = [Buffer.concat(held)]
      return lastCut(held[0], 0, heldBytes)
    }
    const cut = lastCut(Buffer.concat([before, newest]), 0, before.length + newest.length)
    return cut < before.length ? -1 : start - before.length + cut
  }

  for await (const bytes of streamText(path, report)) {
    if (bytes.length === 0) continue
    held.push(bytes)
    heldBytes += bytes.length
    if (heldBytes < pieceBytes) continue
    let cut = findCut()
    if (cut < 0 && heldBytes >= longestPieceBytes) cut = lastCharacterStart((held = [Buffer.concat(held)])[0])
    searched = heldBytes
    if (cut <= 0) continue
    const joined = Buffer.concat(held)
    yield piece(joined.subarray(0, cut), false)
    held = [joined.subarray(cut)]
    heldBytes = held[0].length
    searched = heldBytes
  }
  yield piece(Buffer.concat(held), true)
}

/** Where the last character, whole or not, begins. */
function lastCharacterStart(bytes: Buffer): number {
  let i = bytes.length - 1
  while (i > bytes.length - 4 && (bytes[i] & 0xc0) === 0x80) i--
  return i
}
