/** Files by their paths, wherever those are. Errors are as FileSystem says. */
import { asFileError, FileError } from './error.js'
import {
  fileSystemOf,
  type Appending,
  type AtomicFile,
  type FileStatus,
  type FolderEntry,
  type OpenFile,
} from './file-system.js'

/** What is at a path. Rejects with ENOENT if nothing is. */
export async function stat(path: string): Promise<FileStatus> {
  return (await fileSystemOf(path)).stat(path)
}

/** What is in a folder. */
export async function readFolder(path: string): Promise<FolderEntry[]> {
  return (await fileSystemOf(path)).readFolder(path)
}

/** A path that is the same for all links to one folder. Rejects with ENOENT if nothing is there. */
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

/** Opens a file for reading at any place. */
export async function openFile(path: string): Promise<OpenFile> {
  return (await fileSystemOf(path)).openFile(path)
}

/** A file's bytes from begin to end, in pieces of about this size. */
export async function* readPieces(path: string, pieceBytes: number): AsyncGenerator<Buffer> {
  yield* (await fileSystemOf(path)).readPieces(path, pieceBytes)
}

/** Starts a file at `path`, replacing what is there only on commit. Throws FileError. */
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

/** Opens a file to append to; it is made when the first text comes. */
export async function openAppending(path: string): Promise<Appending> {
  return (await fileSystemOf(path)).openAppending(path)
}

/** Removes a file, or a folder with all that is in it; nothing there is fine. */
export async function remove(path: string): Promise<void> {
  return (await fileSystemOf(path)).remove(path)
}

/**
 * Makes a folder and those above it that are missing; one that is there already is fine. Returns the topmost that was
 * made. Throws FileError.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  return (await fileSystemOf(path)).makeFolder(path)
}

/** Removes folders that makeFolder made, from `path` up to `topmost`, as far as they are empty. */
export async function removeEmptyFolders(path: string, topmost: string): Promise<void> {
  return (await fileSystemOf(path)).removeEmptyFolders(path, topmost)
}

/** Finds out before long work that its result could not be written. Throws FileError. */
export async function checkOutputFile(path: string): Promise<void> {
  if (await isFolder(path)) throw new FileError(`cannot write ${path}: it is a folder. Give the path of a file`, path)
  await (await fileSystemOf(path)).checkOutput(path)
}

/** Whether a path is a file (a link to one counts). */
export async function isFile(path: string): Promise<boolean> {
  return (await statIfThere(path))?.isFile() ?? false
}

/** Whether a path is a folder (a link to one counts). */
export async function isFolder(path: string): Promise<boolean> {
  return (await statIfThere(path))?.isDirectory() ?? false
}

async function statIfThere(path: string): Promise<FileStatus | undefined> {
  return stat(path).catch((cause: NodeJS.ErrnoException) => {
    // Only these say that nothing is there; where a folder may not be searched, or the cloud not reached, nothing is known.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ERR_INVALID_ARG_VALUE'].includes(cause.code!)) return undefined
    throw asFileError('read', path, cause)
  })
}
