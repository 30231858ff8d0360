/** Checksums of whole files, to find out later whether one has changed. */
import { createHash } from 'node:crypto'
import { readPieces } from './access.js'
import { withFileErrors } from './error.js'

/** SHA-256 of bytes, in hexadecimal. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/** SHA-256 of a file's content, in hexadecimal, read in pieces. Throws FileError. */
export async function sha256File(path: string): Promise<string> {
  return withFileErrors('read', path, async () => {
    const hash = createHash('sha256')
    for await (const piece of readPieces(path, 1 << 20)) hash.update(piece)
    return hash.digest('hex')
  })
}
