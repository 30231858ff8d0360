/** A file's bytes in pieces, unpacked if its name ends in .gz or .zst. */
import { createGunzip } from 'node:zlib'
import { asFileError, FileError, readPieces } from '../files/index.js'
import { DataError } from './error.js'

const pieceBytes = 1 << 18

/** Streams a file. Throws FileError if it cannot be read, DataError if the archive is corrupt or cut off. */
export async function* streamBytes(path: string, onRead: (bytes: number) => void = () => {}): AsyncGenerator<Buffer> {
  try {
    const raw = counted(path, onRead)
    if (path.endsWith('.gz')) yield* gunzip(raw)
    else if (path.endsWith('.zst')) yield* unzstd(raw)
    else yield* raw
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (cause instanceof DataError || cause instanceof FileError || code === undefined) throw cause
    if (code.startsWith('Z_')) {
      throw new DataError(`${path}: the gzip archive is corrupt or cut off (${message}). Copy or make it again`, {
        cause,
      })
    }
    throw asFileError('read', path, cause)
  }

  async function* unzstd(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const { Decompress } = await import('fzstd')
    const ready: Buffer[] = []
    let ended = false
    const stream = new Decompress((piece, final) => {
      ready.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength))
      ended = final ?? false
    })
    const push = (piece: Uint8Array, final: boolean) => {
      try {
        stream.push(piece, final)
      } catch (cause) {
        throw new DataError(
          `${path}: the zstd archive is corrupt or cut off (${(cause as Error).message}). Copy or make it again`,
          { cause },
        )
      }
    }
    for await (const piece of pieces) {
      push(piece, false)
      yield* ready.splice(0)
    }
    push(new Uint8Array(0), true)
    yield* ready.splice(0)
    if (!ended) throw new DataError(`${path}: the zstd archive is cut off. Copy or make it again`)
  }
}

async function* counted(path: string, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of readPieces(path, pieceBytes)) {
    onRead(piece.length)
    yield piece
  }
}

async function* gunzip(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ chunkSize: pieceBytes })
  const feeding = (async () => {
    try {
      for await (const piece of pieces) {
        if (!unzip.write(piece)) await new Promise((resolve) => unzip.once('drain', resolve).once('close', resolve))
        if (unzip.destroyed) return
      }
      unzip.end()
    } catch (cause) {
      unzip.destroy(cause as Error)
    }
  })()
  try {
    yield* unzip
  } finally {
    unzip.destroy()
    await feeding
  }
}
