import { mkdir, rmdir } from 'node:fs/promises'
import { dirname, normalize } from 'node:path'
import { FileError, withFileErrors } from '../error.js'
import { isFolder } from './kind.js'

/**
 * Makes a folder and those above it that are missing; one that is there already is fine. Returns the topmost that was
 * made. Throws FileError. (Node's own recursive mkdir never ends where a file system takes no new folders, as /proc.)
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const missing: string[] = []
  for (let at = normalize(path); !(await isFolder(at)); at = dirname(at)) missing.unshift(at)
  for (const folder of missing) await makeOne(folder, path)
  return missing[0]
}

/** Makes one folder, whose parent is there, on the way to `path`. */
async function makeOne(folder: string, path: string): Promise<void> {
  const refuse = (why: string, code: string, cause: unknown) =>
    new FileError(`cannot create the folder ${path}: ${why}. Choose another name (${code})`, path, code, { cause })
  await withFileErrors('create the folder', path, () =>
    mkdir(folder).catch(async (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') throw refuse(`${dirname(folder)} takes no new folders`, 'ENOENT', cause)
      if (cause.code !== 'EEXIST') throw cause
      // Another process may have made it in the meantime.
      if (!(await isFolder(folder))) throw refuse(`${folder} is in the way and no folder`, 'ENOTDIR', cause)
    }),
  )
}

/** Removes folders that makeFolder made, from `path` up to `topmost`, as far as they are empty. */
export async function removeEmptyFolders(path: string, topmost: string): Promise<void> {
  for (let at = normalize(path); at.startsWith(topmost); at = dirname(at)) {
    if (
      !(await rmdir(at).then(
        () => true,
        () => false,
      ))
    )
      return
  }
}
