import { mkdir, rmdir, stat } from 'node:fs/promises'
import { dirname, normalize } from 'node:path'
import { FileError, withFileErrors } from '../error.js'

/** Whether a local path is a folder or a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() ?? false
}

/**
 * Makes a folder and its missing parents. Returns the topmost folder made, if any. Throws FileError. (Node's recursive
 * mkdir does not terminate on file systems that reject new folders, such as /proc.)
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const missing: string[] = []
  for (let at = normalize(path); !(await isFolder(at)); at = dirname(at)) missing.unshift(at)
  for (const folder of missing) await makeOne(folder, path)
  return missing[0]
}

/** Makes one folder whose parent exists, on the way to `path`. */
async function makeOne(folder: string, path: string): Promise<void> {
  const refuse = (why: string, code: string, cause: unknown) =>
    new FileError(`cannot create the folder ${path}: ${why}. Choose another name (${code})`, path, code, { cause })
  await withFileErrors('create the folder', path, () =>
    mkdir(folder).catch(async (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') throw refuse(`${dirname(folder)} does not accept new folders`, 'ENOENT', cause)
      if (cause.code !== 'EEXIST') throw cause
      // Another process may have made it in the meantime.
      if (!(await isFolder(folder))) throw refuse(`${folder} exists and is not a folder`, 'ENOTDIR', cause)
    }),
  )
}

/** Removes folders that makeFolder made, from `path` up to `topmost`, that are empty. */
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
