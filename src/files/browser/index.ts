/** The file system of a browser: the site's files, and what was written, in IndexedDB. For pages and workers. */
import { FileError, withFileErrors } from '../error.js'
import type { FileStatus, FileSystem, OpenFile } from '../file-system.js'
import { dirname, join, resolve } from '../paths.js'
import { announce } from './changes.js'
import { checkName, Tree, systemError, type Entry } from './entries.js'
import { served } from './served.js'
import { tryLock } from './lock.js'
import { bytesOf, createAtomicFile, openAppending, pieceReader } from './contents.js'

export { onChange } from './changes.js'
export { openPartialFile } from './contents.js'
export { useDatabase } from './entries.js'
export { serveFiles, type ServedFiles, type ServedPack } from './served.js'
export { storageUse, type StorageUse } from './storage-use.js'

export const localFiles: FileSystem = {
  stat: async (path) => statusOf(await Tree.run('readonly', (tree) => tree.get(resolve(path)))),
  async readFolder(path) {
    const found = await Tree.run('readonly', async (tree) => {
      const { kind } = await tree.get(resolve(path))
      if (kind !== 'folder') throw systemError('ENOTDIR')
      return tree.list(resolve(path))
    })
    return [...found].map(([name, entry]) => ({ name, ...statusOf(entry) }))
  },
  async realPath(path) {
    await Tree.run('readonly', (tree) => tree.get(resolve(path)))
    return resolve(path)
  },
  readFile: async (path) => asBuffer(await bytesOf(resolve(path))),
  openFile,
  async *readPieces(path, pieceBytes) {
    const { size, read } = await openFile(path)
    for (let at = 0; at < size; at += pieceBytes) yield read(at, pieceBytes)
  },
  createAtomicFile,
  openAppending,
  followLinks: async (path) => path, // there are no links
  remove,
  rename,
  makeFolder,
  removeEmptyFolders,
  syncFolder: async () => {}, // transactions are durable
  checkOutput,
  tryLock,
}

const asBuffer = (bytes: Uint8Array<ArrayBuffer>) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function statusOf(entry: Entry): FileStatus {
  const isFolder = entry.kind === 'folder'
  return {
    isFile: () => !isFolder,
    isDirectory: () => isFolder,
    size: entry.kind === 'folder' ? 0 : entry.size,
    ...(entry.kind === 'file' && entry.modified !== undefined && { mtimeMs: entry.modified }),
  }
}

async function openFile(path: string): Promise<OpenFile> {
  const { size, read } = await pieceReader(resolve(path))
  return { size, read: async (position, length) => asBuffer(await read(position, length)), close: async () => {} }
}

async function remove(given: string): Promise<void> {
  const path = resolve(given)
  await Tree.run('readwrite', async (tree) => {
    const found = await tree.find(path)
    if (found === undefined) return
    const stored = await tree.below(path)
    // What the site serves cannot be removed; what was written over it can, and then the site's file is there again.
    if (found.kind === 'served' || (stored.length === 0 && served.below(`${path}/`).length > 0))
      throw systemError('EROFS')
    for (const [name, entry] of [...stored, [path, found] as const]) {
      tree.removeName(name)
      tree.removeBytes(entry)
    }
  })
  announce(path)
}

async function rename(from: string, to: string): Promise<void> {
  const [source, target] = [resolve(from), resolve(to)]
  if (source === target) return
  await Tree.run(
    'readwrite',
    async (tree) => {
      const entry = await tree.get(source)
      const moved = await tree.below(source)
      if (entry.kind === 'served' || served.below(`${source}/`).length > 0) throw systemError('EROFS')
      if (target.startsWith(`${source}/`)) throw systemError('EINVAL')
      if ((await tree.get(dirname(target))).kind !== 'folder') throw systemError('ENOTDIR')
      const old = await tree.find(target)
      if (old !== undefined && old.kind === 'folder' && entry.kind === 'file') throw systemError('EISDIR')
      if (old !== undefined && old.kind !== 'folder' && entry.kind === 'folder') throw systemError('ENOTDIR')
      if (old?.kind === 'folder' && (await tree.list(target)).size > 0) throw systemError('ENOTEMPTY')
      tree.removeBytes(old)
      for (const [path, each] of [[source, entry] as const, ...moved]) {
        tree.removeName(path)
        tree.put(target + path.slice(source.length), each)
      }
    },
    'strict',
  )
  announce(source, target)
}

async function makeFolder(path: string): Promise<string | undefined> {
  const missing: string[] = []
  await withFileErrors('create the folder', path, () =>
    Tree.run('readwrite', async (tree) => {
      // The path's own form, relative or not, as its caller compares the result with it.
      for (let at = join(path); ; at = dirname(at)) {
        const found = await tree.find(resolve(at))
        if (found?.kind === 'folder') break
        if (found) {
          const message = `cannot create the folder ${path}: ${at} exists and is not a folder. Choose another name (ENOTDIR)`
          throw new FileError(message, path, 'ENOTDIR')
        }
        checkName(at)
        missing.unshift(at)
      }
      for (const folder of missing) tree.put(resolve(folder), { kind: 'folder' })
    }),
  )
  if (missing.length > 0) announce(resolve(missing[0]))
  return missing[0]
}

async function removeEmptyFolders(path: string, topmost: string): Promise<void> {
  for (let at = join(path); at.startsWith(topmost); at = dirname(at)) {
    const removed = await Tree.run('readwrite', async (tree) => {
      const found = await tree.find(resolve(at))
      if (found?.kind !== 'folder' || at === '/' || (await tree.list(resolve(at))).size > 0) return false
      tree.removeName(resolve(at))
      return true
    })
    if (!removed) return
    announce(resolve(at))
  }
}

async function checkOutput(path: string): Promise<void> {
  await withFileErrors('write', path, () =>
    Tree.run('readonly', async (tree) => {
      for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
        const found = await tree.find(folder)
        if (found?.kind === 'folder') return
        if (found) throw systemError('ENOTDIR')
      }
    }),
  )
}
