/** Files that the site brings along, such as configs and texts: packs of several, fetched once when one of their files is read. */
import { runtime } from '../../runtime/index.js'
import { FileError } from '../error.js'
import type { Entry } from './entries.js'

/** files.json: what the site has. */
export interface ServedFiles {
  readonly packs: readonly ServedPack[]
}

/** The gzip of several files' bytes, one after the other. */
export interface ServedPack {
  /** Relative to files.json. */
  readonly url: string
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

interface Place {
  readonly pack: { readonly address: string; readonly url: string; bytes?: Promise<Uint8Array> }
  readonly start: number
  readonly size: number
}

const places = new Map<string, Place>()
const folders = new Set<string>()

/** Adds the files of a site. `base`: address of its files.json. */
export function serveFiles({ packs }: ServedFiles, base: string): void {
  for (const { url, files } of packs) {
    const pack = { address: new URL(url, base).href, url }
    let start = 0
    for (const { path, size } of files) {
      places.set(path, { pack, start, size })
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
        folders.add(path.slice(0, end))
      start += size
    }
  }
}

export function servedEntry(path: string): Entry | undefined {
  const place = places.get(path)
  if (place) return { kind: 'served', size: place.size }
  return folders.has(path) ? { kind: 'folder' } : undefined
}

export const served = {
  /** Paths that begin so. */
  below: (prefix: string) => [...places.keys()].filter((path) => path.startsWith(prefix)),

  /** A file's bytes. Throws FileError if the site cannot be reached. */
  async read(path: string): Promise<Uint8Array> {
    const { pack, start, size } = places.get(path)!
    pack.bytes ??= fetchPack(pack.address).catch((cause: unknown) => {
      pack.bytes = undefined // so that the next read tries again
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new FileError(`cannot read ${path}: ${pack.url} of the site failed (${why}). Check the connection`, path)
    })
    return (await pack.bytes).subarray(start, start + size)
  },
}

async function fetchPack(address: string): Promise<Uint8Array> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  const packed = new Uint8Array(await response.arrayBuffer())
  // A server may send a .gz file with Content-Encoding: gzip, and then it is unpacked already.
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed
  const pieces: Uint8Array[] = []
  for await (const piece of runtime.gunzip(one(packed), 1 << 18)) pieces.push(piece)
  return joined(pieces)
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Bytes one after the other. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
