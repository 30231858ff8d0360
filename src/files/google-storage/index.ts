/**
 * Google Cloud Storage as files: an object is a file, and what its name has before a "/" are folders, which are there as
 * long as something is in them. Source: cloud.google.com/storage/docs (JSON API).
 */
import { posix } from 'node:path'
import pLimit from 'p-limit'
import { FileError } from '../error.js'
import type { FileStatus, FileSystem, FolderEntry } from '../file-system.js'
import { partsOfCloudPath } from '../paths.js'
import { openAppending } from './appending.js'
import { connect, type Client, type ObjectAbout } from './client.js'
import { nothingThere, withCloudErrors } from './errors.js'
import { tryLock } from './lock.js'
import { openObject, readObject, readPieces } from './read.js'
import { createUpload } from './upload.js'

/** Requests under way at once where there are many. */
const parallel = 16

export async function googleStorage(): Promise<FileSystem> {
  const client = await connect()
  return {
    stat: (path) => stat(client, path),
    readFolder: (path) => readFolder(client, path),
    readFile: (path) => readObject(client, path),
    openFile: (path) => openObject(client, path),
    readPieces: (path, pieceBytes) => readPieces(client, path, pieceBytes),
    createAtomicFile: async (path) => createUpload(client, path),
    openAppending: async (path) => openAppending(client, path),
    remove: (path) => remove(client, path),
    rename: (from, to) => rename(client, from, to),
    makeFolder: async () => undefined,
    removeEmptyFolders: async () => {},
    syncFolder: async () => {},
    checkOutput: async (path) => void (await withCloudErrors('write', path, () => client.list(path, { limit: 1 }))),
    tryLock: (path) => tryLock(client, path),
  }
}

async function stat(client: Client, path: string): Promise<FileStatus> {
  return withCloudErrors('read', path, async () => {
    const isBucket = partsOfCloudPath(path).name === ''
    const object = isBucket ? undefined : await client.about(path)
    if (object) return { isFile: () => true, isDirectory: () => false, size: object.size }
    const { files } = await client.list(path, { limit: 1 })
    if (files.length === 0 && !isBucket) throw nothingThere('read', path)
    return { isFile: () => false, isDirectory: () => true, size: 0 }
  })
}

async function readFolder(client: Client, path: string): Promise<FolderEntry[]> {
  return withCloudErrors('list the folder', path, async () => {
    const { files, folders } = await client.list(path, { flat: true })
    if (files.length + folders.length > 0 || partsOfCloudPath(path).name === '')
      return [
        // What is made in a console as an empty folder is an object whose name ends in "/".
        ...files.filter((file) => !file.path.endsWith('/')).map((file) => entryOf(file.path, true)),
        ...folders.map((folder) => entryOf(folder, false)),
      ]
    if (await client.about(path))
      throw new FileError(`cannot list the folder ${path}: it is a file (ENOTDIR)`, path, 'ENOTDIR')
    throw nothingThere('list the folder', path)
  })
}

function entryOf(name: string, isFile: boolean): FolderEntry {
  return { name: posix.basename(name), isFile: () => isFile, isDirectory: () => !isFile }
}

async function remove(client: Client, path: string): Promise<void> {
  await withCloudErrors('remove', path, async () => {
    if (partsOfCloudPath(path).name === '') throw new FileError(`cannot remove ${path}: it is a whole bucket`, path)
    const { files } = await client.list(path)
    await each([path, ...files.map((file) => file.path)], (each) => client.remove(each))
  })
}

/**
 * Copies within the service, then deletes. What was written last comes last: by then the folder that a manifest tells
 * of is whole.
 */
async function rename(client: Client, from: string, to: string): Promise<void> {
  await withCloudErrors('rename', from, async () => {
    const { files } = await client.list(from)
    const alone = files.length === 0 ? await client.about(from) : undefined
    const moved = (alone ? [alone] : files.sort(byAge)).map(({ path }) => path)
    if (moved.length === 0) throw nothingThere('rename', from)
    const copy = (path: string) => client.copy(path, to + path.slice(from.length))
    await each(moved.slice(0, -1), copy)
    await copy(moved[moved.length - 1])
    await each(moved, (path) => client.remove(path))
  })
}

/** Generations are times. */
function byAge(a: ObjectAbout, b: ObjectAbout): number {
  return Number(BigInt(a.generation) - BigInt(b.generation))
}

async function each(paths: readonly string[], work: (path: string) => Promise<void>): Promise<void> {
  const limit = pLimit(parallel)
  await Promise.all(paths.map((path) => limit(work, path)))
}
