/** A folder of files that appears whole under its name, or not at all. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { syncFolder } from './atomic-file.js'
import { asFileError, FileError, withFileErrors } from './error.js'
import { makeFolder } from './make-folder.js'

/** A folder under way: fill `workPath`, then commit or abort. */
export interface AtomicFolder {
  readonly workPath: string
  /** Gives the folder its final name. */
  commit(): Promise<void>
  /** Removes all that was written. Harmless after commit or a second time. */
  abort(): Promise<void>
}

export interface AtomicFolderOptions {
  /** Replace a folder that has something in it. @default false */
  overwrite?: boolean
  /** Whether an entry of the old folder may be thrown away; one that may not stops the overwrite. */
  mayReplace: (name: string) => boolean
}

/**
 * Starts a folder beside `path`. Refuses at once, with FileError, a path that is a file, a folder with something in it
 * unless `overwrite`, and even then one that holds entries which `mayReplace` does not know.
 */
export async function createAtomicFolder(path: string, options: AtomicFolderOptions): Promise<AtomicFolder> {
  const target = resolve(path)
  await checkTarget(path, options)
  const sibling = (kind: string) =>
    join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.${kind}`)
  const workPath = sibling('partial')
  await makeFolder(dirname(target))
  await withFileErrors('create the folder', path, () => mkdir(workPath))
  let open = true

  async function abort(): Promise<void> {
    if (open) await rm(workPath, { recursive: true, force: true })
    open = false
  }

  async function commit(): Promise<void> {
    const retired = sibling('old')
    try {
      await checkTarget(path, options)
      const hadOld = await rename(target, retired).then(
        () => true,
        (cause) => absent(cause, false),
      )
      await rename(workPath, target).catch(async (cause) => {
        if (hadOld) await rename(retired, target)
        throw cause
      })
      open = false
      await syncFolder(dirname(target))
      if (hadOld) await rm(retired, { recursive: true, force: true })
    } catch (cause) {
      await abort()
      throw asFileError('create the folder', path, cause)
    }
  }
  return { workPath, commit, abort }
}

async function checkTarget(path: string, { overwrite = false, mayReplace }: AtomicFolderOptions): Promise<void> {
  const entries = await readdir(path)
    .catch((cause) => {
      if (cause.code === 'ENOTDIR')
        throw new FileError(
          `cannot create the folder ${path}: a file is in the way. Choose another name`,
          path,
          'ENOTDIR',
        )
      return absent<string[]>(cause, [])
    })
    .catch((cause) => {
      throw asFileError('create the folder', path, cause)
    })
  if (entries.length === 0) return
  if (!overwrite) {
    throw new FileError(
      `cannot create the folder ${path}: it is there and not empty (it has "${entries[0]}"). ` +
        'Choose another folder, or allow overwriting',
      path,
      'ENOTEMPTY',
    )
  }
  const foreign = entries.filter((name) => !mayReplace(name))
  if (foreign.length > 0) {
    throw new FileError(
      `cannot overwrite the folder ${path}: it holds "${foreign[0]}", which was not written by the same command. ` +
        'Choose another folder',
      path,
      'ENOTEMPTY',
    )
  }
}

/** `value` if the cause is that nothing is there, else throws it on. */
function absent<T>(cause: NodeJS.ErrnoException, value: T): T {
  if (cause.code === 'ENOENT') return value
  throw cause
}
