/**
 * Google Cloud Storage as a file system: an object is a file, and each prefix of its name up to a "/" is a folder, which
 * exists as long as it contains an object. Source: cloud.google.com/storage/docs (JSON API).
 */
import { posix } from 'node:path'
import pLimit from 'p-limit'
import { FileError } from '../error.js'
import type { FileStatus, FileSystem, FolderEntry } from '../file-system.js'
import { join, partsOfCloudPath } from '../paths.js'
import { openAppending } from './appending.js'
import { connect, type Client, type ObjectMetadata } from './client.js'
import { notFound, withCloudErrors } from './errors.js'
import { tryLock } from './lock.js'
import { openObject, readObject, readPieces } from './read.js'
import { createUpload } from './upload.js'

/** Maximum number of concurrent requests for one operation. */
const parallel = 16

/** Paths are normalised here (`join(path)`); the client takes exact object names, which may end in "/" or contain "//". */
export async function googleStorage(): Promise<FileSystem> {
  const client = await connect()
  return {
    stat: (path) => stat(client, join(path)),
    readFolder: (path) => readFolder(client, join(path)),
    realPath: async (path) => join(path),
    readFile: (path) => readObject(client, join(path)),
    openFile: (path, options) => openObject(client, join(path), options),
    readPieces: (path, pieceBytes) => readPieces(client, join(path), pieceBytes),
    createAtomicFile: async (path) => createUpload(client, join(path)),
    openAppending: async (path) => openAppending(client, join(path)),
    remove: (path) => remove(client, join(path)),
    rename: (from, to) => rename(client, join(from), join(to)),
    followLinks: async (path) => path,
    makeFolder: async () => undefined,
    removeEmptyFolders: async () => {},
    syncFolder: async () => {},
    checkOutput: async (path) => void (await withCloudErrors('write', path, () => client.list(path, { limit: 1 }))),
    tryLock: (path) => tryLock(client, join(path)),
  }
}

async function stat(client: Client, path: string): Promise<FileStatus> {
  return withCloudErrors('read', path, async () => {
    const isBucket = partsOfCloudPath(path).name === ''
    const object = isBucket ? undefined : await client.metadata(path)
    if (object) return { isFile: () => true, isDirectory: () => false, size: object.size }
    const { files } = await client.list(path, { limit: 1 })
    if (files.length === 0 && !isBucket) throw notFound('read', path)
    return { isFile: () => false, isDirectory: () => true, size: 0 }
  })
}

async function readFolder(client: Client, path: string): Promise<FolderEntry[]> {
  return withCloudErrors('list the folder', path, async () => {
    const { files, folders } = await client.list(path, { flat: true })
    if (files.length + folders.length > 0 || partsOfCloudPath(path).name === '')
      return [
        // The console creates an empty folder as an object whose name ends in "/".
        ...files.filter((file) => !file.path.endsWith('/')).map((file) => entryOf(file.path, true)),
        // A folder with an empty name has no normalised path.
        ...folders.filter((folder) => !/(^|\/)\/$/.test(folder)).map((folder) => entryOf(folder, false)),
      ]
    if (await client.metadata(path))
      throw new FileError(`cannot list the folder ${path}: it is a file (ENOTDIR)`, path, 'ENOTDIR')
    throw notFound('list the folder', path)
  })
}

function entryOf(name: string, isFile: boolean): FolderEntry {
  return { name: posix.basename(name), isFile: () => isFile, isDirectory: () => !isFile }
}

async function remove(client: Client, path: string): Promise<void> {
  await withCloudErrors('remove', path, async () => {
    if (partsOfCloudPath(path).name === '')
      throw new FileError(`cannot remove ${path}: it is a bucket, not a folder. Give the path of a folder in it`, path)
    const { files } = await client.list(path)
    await removeObjects(client, files)
    await client.remove(path)
  })
}

/**
 * Copies within the service, then deletes. The object written last is copied last: a manifest appears only when the
 * folder it describes is complete. If a copy fails, all copies are removed.
 */
async function rename(client: Client, from: string, to: string): Promise<void> {
  await withCloudErrors('rename', from, async () => {
    const { files } = await client.list(from)
    const alone = files.length === 0 ? await client.metadata(from) : undefined
    const moved = alone ? [alone] : files.sort(byAge)
    if (moved.length === 0) throw notFound('rename', from)
    const paths = moved.map(({ path }) => path)
    const targetOf = (path: string) => to + path.slice(from.length)
    const copy = (path: string) => client.copy(path, targetOf(path))
    try {
      await each(paths.slice(0, -1), copy)
      await copy(paths[paths.length - 1])
    } catch (cause) {
      await each(paths, (path) => client.remove(targetOf(path))).catch(() => {})
      throw cause
    }
    await removeObjects(client, moved)
  })
}

/** The object written last is removed first: a manifest never describes removed files. */
async function removeObjects(client: Client, objects: readonly ObjectMetadata[]): Promise<void> {
  const paths = [...objects].sort(byAge).map(({ path }) => path)
  await each(paths.splice(-1), (path) => client.remove(path))
  await each(paths, (path) => client.remove(path))
}

/** Generations are timestamps. */
function byAge(a: ObjectMetadata, b: ObjectMetadata): number {
  return Number(BigInt(a.generation) - BigInt(b.generation))
}

/** Runs `work` on all paths, and rejects only when all have settled. */
async function each(paths: readonly string[], work: (path: string) => Promise<void>): Promise<void> {
  const limit = pLimit(parallel)
  const works = paths.map((path) => limit(work, path))
  await Promise.allSettled(works)
  await Promise.all(works)
}
