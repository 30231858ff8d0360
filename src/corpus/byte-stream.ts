/** A file's bytes in pieces, unpacked if its name ends in .gz or .zst. */
import { asFileError, FileError, readPieces, refuseForeign, type NeededKind } from '../files/index.js'
import { DataError } from './error.js'
import { runtime } from '../runtime/index.js'
import { packingOf } from './kinds.js'
import { unzstd, ZstdError } from './zstd/index.js'

const pieceBytes = 1 << 18

/**
 * Streams a file; `onRead` is called with the bytes of each piece read, before unpacking. Throws FileError if it cannot
 * be read, DataError if the archive is corrupt or cut off.
 */
export async function* streamBytes(path: string, onRead: (bytes: number) => void = () => {}): AsyncGenerator<Buffer> {
  try {
    const packing = packingOf(path)
    const kind = packing === '.gz' ? 'gzip' : packing === '.zst' ? 'zstd' : undefined
    const raw = counted(path, kind, onRead)
    if (packing === '.gz') yield* runtime.gunzip(raw, pieceBytes)
    else if (packing === '.zst') yield* unzstd(raw)
    else yield* raw
  } catch (cause) {
    if (cause instanceof ZstdError) throw corrupt(path, 'zstd', cause)
    const { code } = cause as NodeJS.ErrnoException
    if (cause instanceof DataError || cause instanceof FileError || code === undefined) throw cause
    if (code.startsWith('Z_')) throw corrupt(path, 'gzip', cause as Error)
    throw asFileError('read', path, cause)
  }
}

function corrupt(path: string, format: 'gzip' | 'zstd', cause: Error): DataError {
  return new DataError(
    cause.cause instanceof RangeError
      ? `${path}: the zstd archive cannot be unpacked: ${cause.message}. Unpack it with \`zstd -d --long=31\` first`
      : `${path}: the ${format} archive is corrupt or cut off (${cause.message}). Copy or make it again`,
    { cause },
  )
}

/** The file's bytes as they are. Throws FileError if those of an archive are a Git LFS pointer's, a page's or another's. */
async function* counted(
  path: string,
  kind: NeededKind | undefined,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let first = true
  for await (const piece of readPieces(path, pieceBytes)) {
    if (first && kind !== undefined)
      refuseForeign(path, piece, piece.length < pieceBytes ? piece.length : Infinity, kind)
    first = false
    onRead(piece.length)
    yield piece
  }
}
