/** Files by path, on this machine or in Google Cloud Storage. Errors are as FileSystem says. */
import { localFiles } from '#local-files'
import { sha256Digest } from '../runtime/index.js'
import { asFileError, FileError, withFileErrors } from './error.js'
import type { Appending, AtomicFile, FileStatus, FileSystem, FolderEntry, OpenFile } from './file-system.js'
import { isCloudPath } from './paths.js'
import { refuseScheme } from './schemes.js'

let cloudFiles: Promise<FileSystem> | undefined

/**
 * The file system that serves a path. Throws FileError for an address such as s3://. The client library of the cloud
 * takes a moment to load, so it is loaded on first use.
 */
export async function fileSystemOf(path: string): Promise<FileSystem> {
  if (!isCloudPath(path)) {
    refuseScheme(path)
    return localFiles
  }
  cloudFiles ??= import('#google-storage').then(({ googleStorage }) => googleStorage())
  return cloudFiles
}

/** The type and size of what is at a path. Rejects with ENOENT if nothing is. */
export async function stat(path: string): Promise<FileStatus> {
  return (await fileSystemOf(path)).stat(path)
}

/** The entries of a folder. */
export async function readFolder(path: string): Promise<FolderEntry[]> {
  return (await fileSystemOf(path)).readFolder(path)
}

/** The canonical path, the same for all links to one folder. Rejects with ENOENT if nothing exists there. */
export async function realPath(path: string): Promise<string> {
  return (await fileSystemOf(path)).realPath(path)
}

/** A file's bytes. */
export async function readFile(path: string): Promise<Buffer> {
  return (await fileSystemOf(path)).readFile(path)
}

/** A file's content as UTF-8. */
export async function readText(path: string): Promise<string> {
  return (await readFile(path)).toString('utf8')
}

/**
 * Opens a file for reading at any offset.
 * @param options.prefetch whether reads in order may fetch more than is asked for, from a bucket. @default true
 */
export async function openFile(path: string, options: { readonly prefetch?: boolean } = {}): Promise<OpenFile> {
  return (await fileSystemOf(path)).openFile(path, options)
}

/** A file's bytes in order, in pieces of about this size. */
export async function* readPieces(path: string, pieceBytes: number): AsyncGenerator<Buffer> {
  yield* (await fileSystemOf(path)).readPieces(path, pieceBytes)
}

/** SHA-256 of a file's content, in hexadecimal, read in pieces. Throws FileError. */
export async function sha256File(path: string): Promise<string> {
  return withFileErrors('read', path, async () => {
    const hash = sha256Digest()
    for await (const piece of readPieces(path, 1 << 20)) hash.update(piece)
    return hash.digest()
  })
}

/** Starts writing a file at `path`; an existing one is replaced only on commit. Throws FileError. */
export async function createAtomicFile(path: string): Promise<AtomicFile> {
  return (await fileSystemOf(path)).createAtomicFile(path)
}

/** Writes a whole file atomically. Throws FileError and leaves no temporary file behind. */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const file = await createAtomicFile(path)
  try {
    await file.write(data)
    await file.commit()
  } finally {
    await file.abort()
  }
}

/** Opens a file for appending; it is created by the first append. */
export async function openAppending(path: string): Promise<Appending> {
  return (await fileSystemOf(path)).openAppending(path)
}

/** Removes a file, or a folder with its contents. Succeeds if nothing exists there. */
export async function remove(path: string): Promise<void> {
  return (await fileSystemOf(path)).remove(path)
}

/** Makes a folder and its missing parents. Returns the topmost folder made, if any. Throws FileError. */
export async function makeFolder(path: string): Promise<string | undefined> {
  return (await fileSystemOf(path)).makeFolder(path)
}

/** Removes folders that makeFolder made, from `path` up to `topmost`, that are empty. */
export async function removeEmptyFolders(path: string, topmost: string): Promise<void> {
  return (await fileSystemOf(path)).removeEmptyFolders(path, topmost)
}

/** Checks before long work that its result can be written. Throws FileError. */
export async function checkOutputFile(path: string): Promise<void> {
  if (await isFolder(path)) throw new FileError(`cannot write ${path}: it is a folder. Give the path of a file`, path)
  await (await fileSystemOf(path)).checkOutput(path)
}

/** Whether a path is a file or a link to one. */
export async function isFile(path: string): Promise<boolean> {
  return (await statIfExists(path))?.isFile() ?? false
}

/** Whether a path is a folder or a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  return (await statIfExists(path))?.isDirectory() ?? false
}

async function statIfExists(path: string): Promise<FileStatus | undefined> {
  return stat(path).catch((cause: NodeJS.ErrnoException) => {
    // Only these codes mean that nothing exists there; after others, such as a refused permission, that is unknown.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ERR_INVALID_ARG_VALUE'].includes(cause.code!)) return undefined
    throw asFileError('read', path, cause)
  })
}
