/** A folder of files that appears whole under its name, or not at all. */
import { randomBytes } from 'node:crypto'
import { isFolder, makeFolder, readFolder, remove, removeEmptyFolders } from './access.js'
import { FileError, withFileErrors } from './error.js'
import { fileSystemOf, type FolderEntry, type Lock } from './file-system.js'
import { tryLock } from './lock.js'
import { basename, dirname, join, resolve } from './paths.js'

export interface AtomicFolderOptions {
  /** Replace a folder that has something in it. @default false */
  overwrite?: boolean
  /** Whether an entry of the old folder may be thrown away; one that may not stops the overwrite. */
  mayReplace: (name: string) => boolean
}

/**
 * Runs `fill`, which writes into the folder given to it, a hidden one beside `path` (or beside where a link there leads);
 * then that becomes `path`. If
 * anything fails nothing is left, and errors name files by the path that they were meant for. Refuses at once, with
 * FileError, a path that is a file, a whole bucket, a folder with something in it unless `overwrite`, and even then one
 * that holds entries which `mayReplace` does not know. What a killed process has left of the same folder is removed
 * first.
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
    throw new FileError(`cannot create the folder ${path}: it has none above it. Name a folder within it`, path)
  await attempt(() => removeLeftovers(target))
  await checkTarget(path, options)
  const made = await makeFolder(dirname(target))
  try {
    const { lock, siblings } = await attempt(() => claim(target))
    try {
      await makeFolder(siblings.partial)
      const result = await withFinalNames(siblings.partial, path, () => fill(siblings.partial))
      await lock.check() // who takes a lock removes what is under way
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

/** Hidden paths beside a folder: the new one under way, the old one that it replaces, and what locks both. */
type Siblings = Record<'partial' | 'old' | 'lock', string>

function siblingsOf(target: string, id: string): Siblings {
  const path = (kind: string) => join(dirname(target), `${hiddenName(target)}${id}.${kind}`)
  return { partial: path('partial'), old: path('old'), lock: path('lock') }
}

/** What the names of the siblings begin with. */
function hiddenName(target: string): string {
  return `.${basename(target)}.`
}

/** New siblings, which no other process removes as long as their lock is held. */
async function claim(target: string): Promise<{ lock: Lock; siblings: Siblings }> {
  for (;;) {
    const siblings = siblingsOf(target, randomBytes(6).toString('hex'))
    const lock = await tryLock(siblings.lock)
    if (lock !== undefined) return { lock, siblings }
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

/** Gives the new folder the name of the target; if that fails the old one is there again. */
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

/** Errors of files say where those were to be, for the folder where they are is hidden and gone. */
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
        throw refuse(`cannot create the folder ${path}: a file is in the way. Choose another name`, 'ENOTDIR')
      return absent<FolderEntry[]>(cause, [])
    }),
  )
  if (entries.length === 0) return
  if (!overwrite) {
    const why = `it is there and not empty (it has "${entries[0].name}")`
    throw refuse(`cannot create the folder ${path}: ${why}. Choose another folder, or remove this one`, 'ENOTEMPTY')
  }
  const foreign = entries.find(({ name }) => !mayReplace(name))
  if (foreign !== undefined) {
    const why = `it holds "${foreign.name}", which was not written by the same command`
    throw refuse(`cannot overwrite the folder ${path}: ${why}. Choose another folder`, 'ENOTEMPTY')
  }
}

/** `value` if the cause is that nothing is there, else throws it on. */
function absent<T>(cause: NodeJS.ErrnoException, value: T): T {
  if (cause.code === 'ENOENT') return value
  throw cause
}
