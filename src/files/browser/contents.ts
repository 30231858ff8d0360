/** Bytes of files in IndexedDB: reading at any offset, atomic writing, appending. */
import { runtime } from '../../runtime/index.js'
import { asFileError, FileError, missingFolder, withFileErrors } from '../error.js'
import type { Appending, AtomicFile, PartialFile } from '../file-system.js'
import { dirname, resolve } from '../paths.js'
import { createWriteQueue } from '../write-queue.js'
import { announce } from './changes.js'
import { checkName, systemError, Tree, type FileEntry } from './entries.js'
import { joined, served } from './served.js'
import { asStorageError } from './storage-use.js'

/** Bytes of a piece, which is read or written as a whole. */
const PIECE_BYTES = 1 << 20
/** A shorter last piece is written again with what is appended. */
const SHORT_PIECE = 1 << 16

const newId = () => `${Date.now().toString(36)}-${runtime.processId.toString(36)}-${(count++).toString(36)}`
let count = 0

export interface PieceReader {
  readonly size: number
  /** Bytes from `position`; fewer than `length` only at the end. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** Reads a file at any offset. The piece read last is kept: records of a batch and lines of a text are near each other. */
export async function pieceReader(path: string): Promise<PieceReader> {
  const entry = await Tree.run('readonly', (tree) => tree.get(path))
  if (entry.kind === 'folder') throw systemError('EISDIR')
  const { size } = entry
  if (entry.kind === 'served') {
    const bytes = await served.read(path)
    return { size, read: async (position, length) => bytes.slice(position, position + length) }
  }
  const kept = new Map<number, Promise<Uint8Array>>()
  const piece = (index: number) => {
    let found = kept.get(index)
    if (found === undefined) {
      if (kept.size >= KEPT_PIECES) kept.delete(kept.keys().next().value!)
      kept.set(index, (found = readPiece(entry, index)))
    }
    return found
  }
  return {
    size,
    async read(position, length) {
      const end = Math.min(position + length, size)
      const parts: Uint8Array[] = []
      let index = entry.ends.findIndex((pieceEnd) => pieceEnd > position)
      for (let at = position; at < end; index++) {
        const start = index === 0 ? 0 : entry.ends[index - 1]
        const bytes = await piece(index)
        parts.push(bytes.subarray(at - start, end - start))
        at = entry.ends[index]
      }
      return joined(parts)
    },
  }
}

/** Pieces that an open file keeps in memory. */
const KEPT_PIECES = 8

async function readPiece({ id }: FileEntry, index: number): Promise<Uint8Array> {
  const bytes = await Tree.run(
    'readonly',
    async (tree) => (await tree.pieces.get([id, index])) as Uint8Array | undefined,
  )
  // The file was replaced or removed after it was opened.
  if (bytes === undefined) throw systemError('ESTALE')
  return bytes
}

/** A file's bytes. */
export async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { size, read } = await pieceReader(path)
  return read(0, size)
}

/** Starts writing a file at `path`; an existing one is replaced on commit. Throws FileError. */
export async function createAtomicFile(path: string): Promise<AtomicFile> {
  const target = resolve(path)
  await withFileErrors('write', path, () =>
    Tree.run('readonly', async (tree) => {
      const folder = await tree.find(dirname(target))
      if (folder === undefined) {
        const cause = (await tree.absent(target)) as NodeJS.ErrnoException
        throw cause.code === 'ENOENT' ? missingFolder(path, dirname(target)) : cause
      }
      if (folder.kind !== 'folder') throw systemError('ENOTDIR')
      checkName(target)
    }),
  )
  let pieces: Uint8Array[] | undefined = []
  const queue = createWriteQueue(async (bytes) => {
    if (pieces === undefined) throw new Error(`${path}: write after commit or abort`)
    // A copy: the caller may use its array again.
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) pieces.push(bytes.slice(at, at + PIECE_BYTES))
  })
  return {
    path,
    get size() {
      return queue.size
    },
    write: queue.write,
    async commit(finalPath = target) {
      try {
        await queue.settled()
        if (pieces === undefined) throw new Error(`${path}: commit after commit or abort`)
        await writeFile(resolve(finalPath), pieces)
      } catch (cause) {
        throw asFileError('write', finalPath, await asStorageError(finalPath, cause))
      } finally {
        pieces = undefined
      }
    },
    async abort() {
      pieces = undefined
    },
  }
}

/** Writes a file in one transaction, on the disk when it resolves. */
async function writeFile(path: string, given: readonly Uint8Array[]): Promise<void> {
  const pieces = repacked(given)
  await Tree.run(
    'readwrite',
    async (tree) => {
      const old = await tree.find(path)
      if (old?.kind === 'folder') throw systemError('EISDIR')
      if ((await tree.get(dirname(path))).kind !== 'folder') throw systemError('ENOTDIR')
      const id = newId()
      const ends: number[] = []
      pieces.forEach((piece, i) => {
        tree.pieces.put(piece, [id, i])
        ends.push((ends.at(-1) ?? 0) + piece.length)
      })
      tree.removeBytes(old)
      tree.put(path, { kind: 'file', id, size: ends.at(-1) ?? 0, ends, modified: Date.now() })
    },
    'strict',
  )
  announce(path)
}

/** The same bytes in pieces of PIECE_BYTES. */
function repacked(pieces: readonly Uint8Array[]): Uint8Array[] {
  const result: Uint8Array[] = []
  let group: Uint8Array[] = []
  let size = 0
  const flush = () => {
    if (size > 0) result.push(joined(group))
    group = []
    size = 0
  }
  for (const piece of pieces) {
    if (size + piece.length > PIECE_BYTES) flush()
    group.push(piece)
    size += piece.length
  }
  flush()
  return result
}

/** Appends bytes to a file, which is created if it does not exist. */
async function appendBytes(path: string, added: Uint8Array): Promise<void> {
  await Tree.run('readwrite', async (tree) => {
    const found = await tree.find(path)
    if (found?.kind === 'folder') throw systemError('EISDIR')
    if (found === undefined && (await tree.get(dirname(path))).kind !== 'folder') throw systemError('ENOTDIR')
    if (found?.kind === 'served') throw systemError('EROFS')
    const { id, size, ends } = found ?? { id: newId(), size: 0, ends: [] }
    const last = ends.length - 1
    const start = last > 0 ? ends[last - 1] : 0
    const extend = last >= 0 && ends[last] - start < SHORT_PIECE
    const piece = extend ? joined([(await tree.pieces.get([id, last])) as Uint8Array, added]) : added
    const end = size + added.length
    tree.pieces.put(piece, [id, extend ? last : last + 1])
    const pieceEnds = [...(extend ? ends.slice(0, -1) : ends), end]
    tree.put(path, { kind: 'file', id, size: end, ends: pieceEnds, modified: Date.now() })
  })
  announce(path)
}

/** What is appended while a transaction runs is written by the next one. */
export async function openAppending(path: string): Promise<Appending> {
  let waiting = ''
  let writing: Promise<void> | undefined
  let failure: { cause: unknown } | undefined
  const write = async () => {
    while (waiting !== '') {
      const text = waiting
      waiting = ''
      await appendBytes(resolve(path), new TextEncoder().encode(text))
    }
  }
  const start = () => {
    writing ??= write()
      .catch(async (cause: unknown) => {
        failure = { cause: asFileError('write', path, await asStorageError(path, cause)) }
      })
      .finally(() => (writing = undefined))
  }
  const check = () => {
    if (failure !== undefined) throw failure.cause
  }
  return {
    append(text) {
      check()
      waiting += text
      start()
    },
    async flush() {
      while (writing !== undefined) await writing
      check()
    },
  }
}

/** As in ../local/partial-file.ts; nothing downloads in pieces in a browser. */
export async function openPartialFile(path: string): Promise<PartialFile> {
  throw new FileError(`${path} must be written in Node (this is a browser). Upload the file instead`, path)
}
