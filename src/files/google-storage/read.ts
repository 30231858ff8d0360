/** Reading objects: whole, in pieces, and at any offset. */
import pLimit from 'p-limit'
import { crc32c } from '../checksums.js'
import { FileError } from '../error.js'
import type { OpenFile } from '../file-system.js'
import type { Client } from './client.js'
import { notFound, statusOf, withCloudErrors } from './errors.js'

/** Large reads are split into requests of this size that run concurrently: one connection does not use the full bandwidth. */
const bytesPerRequest = 16 << 20
/** Maximum number of concurrent requests for bytes, over all objects. */
const requests = pLimit(64)

/** One version of an object, so that a read never mixes two. */
interface Version {
  readonly client: Client
  readonly path: string
  readonly generation: string
  readonly size: number
  /** Checksum of the whole object. */
  readonly crc32c: number | undefined
}

/** An object's bytes, with their checksum verified. */
export async function readObject(client: Client, path: string): Promise<Buffer> {
  for (let tries = 3; ; tries--) {
    const version = await currentVersion(client, path)
    try {
      const bytes = await fetchBytes(version, 0, version.size)
      compare(version, crc32c(bytes))
      return bytes
    } catch (cause) {
      // A growing log is replaced every few seconds, so it is read again.
      if (tries === 1 || (cause as FileError).code !== 'ESTALE') throw cause
    }
  }
}

/** An object's bytes in pieces, with the next one prefetched and the checksum verified at the end. */
export async function* readPieces(client: Client, path: string, pieceBytes: number): AsyncGenerator<Buffer> {
  const version = await currentVersion(client, path)
  const { size } = version
  const span = Math.max(pieceBytes, 1 << 22)
  const fetchAt = (position: number) => {
    const bytes = fetchBytes(version, position, Math.min(span, size - position))
    bytes.catch(() => {}) // it is reported when the piece is awaited
    return bytes
  }
  let sum = 0
  let ahead = size > 0 ? fetchAt(0) : undefined
  for (let position = 0; ahead; position += span) {
    const fetched: Buffer = await ahead
    ahead = position + span < size ? fetchAt(position + span) : undefined
    sum = crc32c(fetched, 0, fetched.length, sum)
    for (let at = 0; at < fetched.length; at += pieceBytes) yield fetched.subarray(at, at + pieceBytes)
  }
  compare(version, sum)
}

/** Opens an object for reading at any offset. Sequential reads are prefetched in growing spans, unless `prefetch` is false. */
export async function openObject(
  client: Client,
  path: string,
  { prefetch = true }: { readonly prefetch?: boolean } = {},
): Promise<OpenFile> {
  const version = await currentVersion(client, path)
  const { size } = version
  let expected = -1
  let span = 1 << 16
  let held: { start: number; end: number; bytes: Promise<Buffer<ArrayBuffer>> } | undefined

  return {
    size,
    async read(position, length) {
      const end = Math.min(position + length, size)
      if (end <= position) return Buffer.alloc(0)
      const inOrder = prefetch && position === expected
      expected = end
      if (!held || position < held.start || end > held.end) {
        if (!inOrder) return fetchBytes(version, position, end - position)
        span = Math.min(span * 2, bytesPerRequest)
        const until = Math.min(Math.max(end, position + span), size)
        const reading = { start: position, end: until, bytes: fetchBytes(version, position, until - position) }
        held = reading
        reading.bytes.catch(() => {
          if (held === reading) held = undefined
        })
      }
      const { start, end: heldEnd, bytes } = held
      // A sequential reader is done with it, and many open files would each keep megabytes.
      if (end === heldEnd) held = undefined
      if (position === start && end === heldEnd) return bytes
      // A copy, so that its start is aligned for any element type.
      return Buffer.from(Uint8Array.prototype.slice.call(await bytes, position - start, end - start).buffer)
    },
    close: async () => {
      held = undefined
    },
  }
}

async function currentVersion(client: Client, path: string): Promise<Version> {
  return withCloudErrors('read', path, async () => {
    const about = await client.metadata(path)
    if (about === undefined) throw notFound('read', path)
    const { generation, size, crc32c, contentEncoding = '' } = about
    if (!['', 'identity'].includes(contentEncoding))
      throw new FileError(
        `cannot read ${path}: it is stored with Content-Encoding ${contentEncoding}. ` +
          'Upload it without one: gcloud storage cp without -z and -Z',
        path,
      )
    return { client, path, generation, size, crc32c }
  })
}

function compare({ path, crc32c: expected }: Version, found: number): void {
  if (expected !== undefined && expected !== found >>> 0)
    throw new FileError(`cannot read ${path}: the received bytes do not match its checksum. Try again`, path)
}

/** Bytes of one version, in a new buffer. */
async function fetchBytes(version: Version, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const { client, path, generation } = version
  const into = Buffer.from(new ArrayBuffer(length))
  const starts = Array.from({ length: Math.ceil(length / bytesPerRequest) }, (_, i) => i * bytesPerRequest)
  const fetchPart = async (start: number) => {
    await client.fetchRange(path, generation, position + start, into.subarray(start, start + bytesPerRequest))
  }
  await withCloudErrors('read', path, () =>
    Promise.all(starts.map((start) => requests(fetchPart, start))).catch((cause) => {
      if (statusOf(cause) !== 404) throw cause
      throw new FileError(
        `cannot read ${path}: it was replaced or removed while it was read. Try again`,
        path,
        'ESTALE',
      )
    }),
  )
  return into
}
