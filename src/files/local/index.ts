/** The local file system. */
import { appendFileSync, createReadStream, read } from 'node:fs'
import { access, constants, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { withFileErrors, withFileErrorsSync } from '../error.js'
import type { Appending, FileSystem, OpenFile } from '../file-system.js'
import { createAtomicFile, refuseDevice, syncFolder } from './atomic-file.js'
import { followLinks } from './follow-links.js'
import { tryLock } from './lock.js'
import { makeFolder, removeEmptyFolders } from './make-folder.js'

export { openPartialFile } from './partial-file.js'
export { storageUse, type StorageUse } from './storage-use.js'

export const localFiles: FileSystem = {
  stat,
  readFolder: (path) => readdir(path, { withFileTypes: true }),
  readFile: (path) => readFile(path),
  realPath: (path) => realpath(path),
  openFile,
  readPieces: (path, pieceBytes) => createReadStream(path, { highWaterMark: pieceBytes }),
  createAtomicFile,
  openAppending,
  followLinks,
  remove: (path) => rm(path, { recursive: true, force: true }),
  rename,
  makeFolder,
  removeEmptyFolders,
  syncFolder,
  checkOutput,
  tryLock,
}

/** Bytes per read call: Linux reads at most 2 GiB at once, and a large tensor has more. */
const bytesPerRead = 1 << 30

async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, 'r')
  const { size } = await handle.stat()
  return {
    size,
    async read(position, length) {
      // Not from Buffer's shared pool: callers view it as Float32Array, which needs an aligned start.
      const buffer = Buffer.allocUnsafeSlow(length)
      for (let done = 0; done < length;) {
        const bytesRead = await readInto(handle.fd, buffer.subarray(done, done + bytesPerRead), position + done)
        if (bytesRead === 0) return buffer.subarray(0, done)
        done += bytesRead
      }
      return buffer
    },
    close: () => handle.close(),
  }
}

/** fs.read rather than FileHandle.read, which takes twice as long for small reads, such as the records of a batch. */
function readInto(fd: number, into: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, into, 0, into.length, position, (cause, bytesRead) => {
      if (cause) reject(cause)
      else resolve(bytesRead)
    })
  })
}

async function openAppending(path: string): Promise<Appending> {
  return {
    append: (text) => withFileErrorsSync('write', path, () => appendFileSync(path, text)),
    flush: async () => {},
  }
}

async function checkOutput(path: string): Promise<void> {
  await refuseDevice(path)
  await withFileErrors('write', path, async () => {
    for (let folder = dirname(await followLinks(path)); ; folder = dirname(folder)) {
      const found = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT' && folder !== dirname(folder)) return undefined
        throw cause
      })
      if (found?.isDirectory()) return access(folder, constants.W_OK)
      if (found) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    }
  })
}
