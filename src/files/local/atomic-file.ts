/**
 * Atomic files: written under a temporary name in the same folder, flushed to the disk, then renamed. A reader, or a
 * crash at any moment, sees the old content or the new one, never a part.
 */
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asFileError, FileError, missingFolder, withFileErrors } from '../error.js'
import type { AtomicFile } from '../file-system.js'
import { partialBeside } from '../paths.js'
import { createWriteQueue } from '../write-queue.js'
import { followLinks } from './follow-links.js'
import { isFolder } from './make-folder.js'

/** Bytes per write call: Linux writes at most 2 GiB at once, and a large tensor has more. */
const bytesPerWrite = 1 << 30

/** Throws FileError for a device or a pipe, which a rename would replace. */
export async function refuseDevice(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || found.isFile() || found.isDirectory()) return
  throw new FileError(`cannot write ${path}: it is a device or a pipe, not a file. Give the path of a file`, path)
}

/** The error for a folder that does not exist or does not accept files. */
async function folderError(path: string, folder: string): Promise<FileError> {
  return (await isFolder(folder))
    ? new FileError(
        `cannot write ${path}: ${folder} does not accept new files. Check the path, or choose another (ENOENT)`,
        path,
        'ENOENT',
      )
    : missingFolder(path, folder)
}

/** Starts writing a file at `path`, or at the target of a link there; an existing one is replaced on commit. Throws FileError. */
export async function createAtomicFile(path: string): Promise<AtomicFile> {
  await refuseDevice(path)
  const target = await withFileErrors('write', path, () => followLinks(path))
  const temporary = partialBeside(target)
  let handle: FileHandle | undefined = await withFileErrors('write', path, () =>
    open(temporary, 'wx').catch(async (cause) => {
      throw cause.code === 'ENOENT' ? await folderError(path, dirname(target)) : cause
    }),
  )
  const queue = createWriteQueue((bytes) => withFileErrors('write', path, () => append(bytes)))

  async function abort(): Promise<void> {
    if (handle === undefined) return
    const closing = handle
    handle = undefined
    await queue.settled().catch(() => {})
    await closing.close().catch(() => {})
    await rm(temporary, { force: true })
  }

  async function append(data: Uint8Array): Promise<void> {
    if (handle === undefined) throw new Error(`${path}: write after commit or abort`)
    let written = 0
    while (written < data.length) {
      const part = Math.min(bytesPerWrite, data.length - written)
      written += (await handle.write(data, written, part)).bytesWritten
    }
  }

  return {
    path,
    get size() {
      return queue.size
    },
    write: queue.write,
    async commit(finalPath = target) {
      try {
        await queue.settled()
        if (handle === undefined) throw new Error(`${path}: commit after commit or abort`)
        await handle.sync()
        await handle.close()
        await rename(temporary, finalPath)
        handle = undefined
        await syncFolder(dirname(finalPath))
      } catch (cause) {
        await abort()
        throw asFileError('write', finalPath, cause)
      }
    },
    abort,
  }
}

/** Makes renames inside a folder durable, on file systems that support it. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}
