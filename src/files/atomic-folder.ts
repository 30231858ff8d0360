/** Writing a folder of files that appears complete under its name, or not at all. */
import { fileSystemOf, isFolder, makeFolder, readFolder, remove, removeEmptyFolders } from './access.js'
import { FileError, withFileErrors } from './error.js'
import type { FolderEntry, Lock } from './file-system.js'
import { tryLock } from './lock.js'
import { randomHex } from '../runtime/index.js'
import { basename, dirname, join, resolve } from './paths.js'

export interface AtomicFolderOptions {
  /** Replace a folder that is not empty. @default false */
  overwrite?: boolean
  /** Whether an entry of the old folder may be deleted; one that may not prevents the overwrite. */
  mayReplace: (name: string) => boolean
  /** 12 hexadecimal digits for the name of the hidden folder (`partialFolderOf`), in which other processes write too. @default random */
  id?: string
}

/** The hidden folder that `writeFolderAtomic` fills for a folder under an id. */
export function partialFolderOf(path: string, id: string): string {
  return siblingsOf(resolve(path), id).partial
}

/**
 * Runs `fill`, which writes into a hidden folder beside `path` (or beside the target of a link there), and renames that
 * folder to `path`. On failure nothing is left, and errors name files by their final path. Throws FileError, before
 * `fill` runs, for a path that is a file, a bucket, a folder that is not empty unless `overwrite`, and even then a folder
 * with entries that `mayReplace` rejects. Leftovers of a killed process for the same folder are removed first.
 */
export async function writeFolderAtomic<T>(
  path: string,
  options: AtomicFolderOptions,
  fill: (workPath: string) => Promise<T>,
): Promise<T> {
  const attempt = <R>(work: () => Promise<R>) => withFileErrors('create the folder', path, work)
  const { followLinks } = await fileSystemOf(path)
  const target = await attempt(() => followLinks(resolve(path)))
  if (dirname(target) === target)
    throw new FileError(
      `cannot create the folder ${path}: it has no parent folder. Give the path of a folder in it`,
      path,
    )
  await attempt(() => removeLeftovers(target))
  await checkTarget(path, options)
  const made = await makeFolder(dirname(target))
  try {
    const { lock, siblings } = await attempt(() => claim(target, options.id))
    try {
      await makeFolder(siblings.partial)
      const result = await withFinalNames(siblings.partial, path, () => fill(siblings.partial))
      await lock.check() // a process that took the lock meanwhile has removed the partial folder
      await checkTarget(path, options)
      await attempt(() => replace(target, siblings))
      return result
    } finally {
      await remove(siblings.partial)
      await lock.release()
    }
  } catch (cause) {
    if (made !== undefined) await removeEmptyFolders(dirname(target), made)
    throw cause
  }
}

/** Hidden paths beside a folder: the new one being written, the old one that it replaces, and the lock of both. */
type Siblings = Record<'partial' | 'old' | 'lock', string>

function siblingsOf(target: string, id: string): Siblings {
  const path = (kind: string) => join(dirname(target), `${hiddenName(target)}${id}.${kind}`)
  return { partial: path('partial'), old: path('old'), lock: path('lock') }
}

/** The prefix of the siblings' names. */
function hiddenName(target: string): string {
  return `.${basename(target)}.`
}

/** New siblings, which no other process removes while their lock is held. */
async function claim(target: string, id?: string): Promise<{ lock: Lock; siblings: Siblings }> {
  for (;;) {
    const siblings = siblingsOf(target, id ?? randomHex(6))
    const lock = await tryLock(siblings.lock)
    if (lock !== undefined) return { lock, siblings }
    if (id !== undefined)
      throw new FileError(`${target} is being written by another process. Wait for it to finish`, target)
  }
}

/** Removes what processes that are dead have left beside the target; one that died within `replace` is undone. */
async function removeLeftovers(target: string): Promise<void> {
  const prefix = hiddenName(target)
  const entries = await readFolder(dirname(target)).catch((cause) => absent<FolderEntry[]>(cause, []))
  const { rename } = await fileSystemOf(target)
  for (const { name } of entries) {
    const id = name.startsWith(prefix) ? /^([0-9a-f]{12})\.lock$/.exec(name.slice(prefix.length))?.[1] : undefined
    if (id === undefined) continue
    const siblings = siblingsOf(target, id)
    const lock = await tryLock(siblings.lock)
    if (lock === undefined) continue
    try {
      if (!lock.protects) continue
      if ((await isFolder(siblings.old)) && !(await isFolder(target))) await rename(siblings.old, target)
      for (const left of [siblings.partial, siblings.old]) await remove(left)
    } finally {
      await lock.release()
    }
  }
}

/** Renames the new folder to the target; if that fails the old one is restored. */
async function replace(target: string, { partial, old }: Siblings): Promise<void> {
  const { rename, syncFolder } = await fileSystemOf(target)
  const hadOld = await rename(target, old).then(
    () => true,
    (cause) => absent(cause, false),
  )
  await rename(partial, target).catch(async (cause) => {
    if (hadOld) await rename(old, target)
    throw cause
  })
  await syncFolder(dirname(target))
  if (hadOld) await remove(old)
}

/** File errors name final paths, since the hidden folder is gone when they are read. */
async function withFinalNames<T>(workPath: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause
    const [message, file] = [cause.message, cause.path].map((text) => text.replaceAll(workPath, path))
    throw new FileError(message, file, cause.code, { cause })
  }
}

async function checkTarget(path: string, { overwrite = false, mayReplace }: AtomicFolderOptions): Promise<void> {
  const refuse = (what: string, code: string) => new FileError(what, path, code)
  const entries = await withFileErrors('create the folder', path, () =>
    readFolder(path).catch((cause) => {
      if (cause.code === 'ENOTDIR')
        throw refuse(`cannot create the folder ${path}: a file exists there. Choose another name`, 'ENOTDIR')
      return absent<FolderEntry[]>(cause, [])
    }),
  )
  if (entries.length === 0) return
  if (!overwrite) {
    const why = `it exists and is not empty (it has "${entries[0].name}")`
    throw refuse(`cannot create the folder ${path}: ${why}. Choose another folder, or remove this one`, 'ENOTEMPTY')
  }
  const unexpected = entries.find(({ name }) => !mayReplace(name))
  if (unexpected !== undefined) {
    const why = `it has "${unexpected.name}", which this command did not write`
    throw refuse(`cannot overwrite the folder ${path}: ${why}. Choose another folder`, 'ENOTEMPTY')
  }
}

/** `value` if the cause is ENOENT, else rethrows it. */
function absent<T>(cause: NodeJS.ErrnoException, value: T): T {
  if (cause.code === 'ENOENT') return value
  throw cause
}
