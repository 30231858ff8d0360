/**
 * Uploading an object. A small one takes one request. A larger one is uploaded as separate objects that the service
 * composes at the end, as gcloud does: each piece can be retried, and several are sent concurrently.
 */
import pLimit from 'p-limit'
import type { AtomicFile } from '../file-system.js'
import { join, partialBeside } from '../paths.js'
import { createWriteQueue } from '../write-queue.js'
import type { Client } from './client.js'
import { withCloudErrors } from './errors.js'

const pieceBytes = 16 << 20
/** Pieces sent concurrently; each is in memory. */
const parallel = 4
/** Maximum number of objects that one request composes. */
const composable = 32

export function createUpload(client: Client, path: string): AtomicFile {
  const folder = partialBeside(path)
  const limit = pLimit(parallel)
  const pieces: string[] = []
  const sent: Promise<unknown>[] = []
  let piece = Buffer.alloc(0)
  let filled = 0
  let ended = false
  const queue = createWriteQueue((bytes) => withCloudErrors('write', path, () => take(bytes)))

  function pieceNumber(number: number): string {
    return join(folder, String(number).padStart(6, '0'))
  }

  /** Copies, so that the caller may change the array afterwards. */
  async function take(data: Uint8Array): Promise<void> {
    if (ended) throw new Error(`${path}: write after commit or abort`)
    for (let at = 0; at < data.length;) {
      if (filled === pieceBytes) await sendPiece()
      if (filled === piece.length) piece = enlarged(piece, data.length - at)
      const part = data.subarray(at, at + piece.length - filled)
      piece.set(part, filled)
      filled += part.length
      at += part.length
    }
  }

  /** Sends the buffered bytes; waits while too many pieces are being sent. */
  async function sendPiece(): Promise<void> {
    const path = pieceNumber(pieces.length)
    pieces.push(path)
    const content = piece.subarray(0, filled)
    piece = Buffer.alloc(0)
    filled = 0
    const sending = limit(() => client.save(path, content))
    sending.catch(() => {}) // `compose` awaits it again and reports the failure
    sent.push(sending)
    if (sent.length >= parallel) await sent[sent.length - parallel]
  }

  async function compose(target: string): Promise<void> {
    await sendPiece()
    await Promise.all(sent)
    let parts = [...pieces]
    while (parts.length > composable) {
      const sum = pieceNumber(pieces.length)
      pieces.push(sum)
      await client.compose(parts.slice(0, composable), sum)
      parts = [sum, ...parts.slice(composable)]
    }
    await client.compose(parts, target)
  }

  async function removePieces(): Promise<void> {
    ended = true
    piece = Buffer.alloc(0)
    await Promise.allSettled(sent)
    await Promise.allSettled(pieces.splice(0).map((piece) => limit(() => client.remove(piece))))
  }

  return {
    path,
    get size() {
      return queue.size
    },
    write: queue.write,
    async commit(finalPath = path) {
      finalPath = join(finalPath)
      try {
        await queue.settled()
        if (ended) throw new Error(`${path}: commit after commit or abort`)
        await withCloudErrors('write', finalPath, async () => {
          if (pieces.length === 0) await client.save(finalPath, piece.subarray(0, filled))
          else await compose(finalPath)
        })
      } finally {
        await removePieces()
      }
    },
    async abort() {
      ended = true
      await queue.settled().catch(() => {})
      await removePieces()
    },
  }
}

/** A larger copy, at least twice as large, up to a piece. */
function enlarged(buffer: Buffer, needed: number): Buffer<ArrayBuffer> {
  const length = Math.min(pieceBytes, Math.max(2 * buffer.length, buffer.length + needed))
  const larger = Buffer.alloc(length)
  larger.set(buffer)
  return larger
}
