/** File errors as one line: what was tried, the path, the cause, and the remedy. */
import { runtime } from '../runtime/index.js'

/** A file or folder could not be used. `code` is the system's (ENOENT, ENOSPC, ...); undefined for bad content. */
export class FileError extends Error {
  override name = 'FileError'
  constructor(
    message: string,
    readonly path: string,
    readonly code?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The meaning of each system error code, and the remedy. */
const meanings: Record<string, string> = {
  ENOENT: 'it does not exist. Check the path, which is relative to the current directory',
  EACCES: 'permission denied. Check who owns it, or choose another folder',
  EPERM: 'the operation is not permitted. Check who owns it, or choose another folder',
  EROFS: 'the file system is read-only. Choose another folder',
  ENOSPC: 'no space is left on the device. Free some space or choose another folder',
  EFBIG: 'it would be larger than the system allows a file to be (see `ulimit -f`)',
  EDQUOT: 'the disk quota is used up. Free some space or choose another folder',
  EISDIR: 'it is a folder. Give the path of a file',
  ENOTDIR: 'part of the path is a file, not a folder. Check the path',
  EEXIST: 'it already exists. Remove it or choose another name',
  ENOTEMPTY: 'the folder is not empty. Remove it or choose another name',
  ENAMETOOLONG: 'the name is too long. Choose a shorter one',
  ELOOP: 'its symbolic links form a loop. Remove one of them',
  EMFILE: 'too many files are open. Raise the limit with `ulimit -n`',
  EBUSY: 'another program is using it. Close that program, or choose another name',
  ERR_FS_FILE_TOO_LARGE: 'it must be smaller than 2 GiB. Check the path',
  EXDEV: 'a rename cannot cross file systems. Choose a folder on the same one',
}

/**
 * Turns an error of node:fs into a FileError; anything else is returned unchanged.
 * `action` completes "cannot ...": 'read', 'write', 'open', 'list the folder'.
 */
export function asFileError(action: string, path: string, cause: unknown): unknown {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  if (cause instanceof FileError || code === undefined || !(/^E[A-Z]+$/.test(code) || code in meanings)) return cause
  // Node's own message would name a temporary path.
  const meaning = meanings[code] ?? runtime.systemError((cause as NodeJS.ErrnoException).errno) ?? code
  return new FileError(`cannot ${action} ${path}: ${meaning} (${code})`, path, code, { cause })
}

/** Runs `work` and rethrows what it throws through asFileError. */
export async function withFileErrors<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw asFileError(action, path, cause)
  }
}

/** The same for synchronous work. */
export function withFileErrorsSync<T>(action: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw asFileError(action, path, cause)
  }
}

/** The error for a file whose folder does not exist. */
export function missingFolder(path: string, folder: string): FileError {
  const message = `cannot write ${path}: the folder ${folder} does not exist. Check the path, or choose another (ENOENT)`
  return new FileError(message, path, 'ENOENT')
}
