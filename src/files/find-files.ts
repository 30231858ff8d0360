/** The files that a path, a folder or a glob pattern matches. */
import { isFile, isFolder, readFolder, realPath } from './access.js'
import { FileError, withFileErrors } from './error.js'
import { naturalSort } from './natural-sort.js'
import { join } from './paths.js'

/** Whether a path is a pattern: it contains *, ? or [. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path)
}

/** A pattern that matches this path literally. */
export function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, '[$&]')
}

export interface FindOptions {
  /** Called with each matching entry that is neither a file nor a folder: a broken link, a device. */
  onUnreadable?: (path: string) => void
}

/** The state of a search. */
interface Search extends FindOptions {
  readonly found: string[]
}

/**
 * The files that match a pattern, in natural order. `*` and `?` stay within one folder level, `**` crosses levels (links
 * to folders, too, each folder once), `[a-z]` is one character. Names that begin with a dot match only if the pattern's
 * part does. No match: []. Throws FileError.
 */
export async function globFiles(pattern: string, options: FindOptions = {}): Promise<string[]> {
  if (await isFile(pattern)) return [pattern]
  const parts = pattern.split('/')
  const fixed = parts.findIndex(isGlob)
  if (fixed < 0) return []
  const base = fixed === 0 ? '' : parts.slice(0, fixed).join('/') || '/'
  const search = { found: [], ...options } satisfies Search
  await descend(base, parts.slice(fixed), search)
  // Sorted first by code unit: the order of names equal in natural order (a_2, a_02) must not depend on the file system.
  return naturalSort([...new Set<string>(search.found)].sort())
}

/** All files under a folder, in natural order; hidden entries are omitted. Throws FileError. */
export async function listFiles(folder: string, options: FindOptions = {}): Promise<string[]> {
  await withFileErrors('list the folder', folder, () => readFolder(folder))
  return globFiles(join(escapeGlob(folder), '**', '*'), options)
}

/**
 * The first entry of a folder that is neither hidden nor in `expected`: a sign that the folder is used for something
 * else. Undefined if the folder does not exist, or has the file `marker`, which the caller writes. Throws FileError.
 */
export async function findUnexpectedEntry(
  folder: string,
  { marker, expected }: { marker: string; expected: readonly string[] },
): Promise<string | undefined> {
  if (!(await isFolder(folder)) || (await isFile(join(folder, marker)))) return undefined
  const entries = await withFileErrors('list the folder', folder, () => readFolder(folder))
  return entries.map(({ name }) => name).find((name) => !expected.includes(name) && !name.startsWith('.'))
}

async function descend(base: string, parts: string[], search: Search): Promise<void> {
  const [part, ...rest] = parts
  if (part === '**') return descendAll(base, rest, search)
  const matches = matcher(part)
  for (const entry of await entriesOf(base)) {
    if (!matches(entry.name)) continue
    const path = joined(base, entry.name)
    if (rest.length > 0) await descend(path, rest, search)
    else if (entry.isFile() || (!entry.isDirectory() && (await isFile(path)))) search.found.push(path)
    else if (!entry.isDirectory() && !(await isFolder(path))) search.onUnreadable?.(path)
  }
}

/** Visits folders before links to them, and each folder once, so that loops of links end. */
async function descendAll(base: string, parts: string[], search: Search): Promise<void> {
  const seen = new Set<string>()
  const links: string[] = []
  const visit = async (folder: string, real: string): Promise<void> => {
    if (seen.has(real)) return
    seen.add(real)
    await descend(folder, parts, search)
    for (const entry of await entriesOf(folder)) {
      if (entry.name.startsWith('.')) continue
      const path = joined(folder, entry.name)
      if (entry.isDirectory()) await visit(path, joined(real, entry.name))
      else if (!entry.isFile()) links.push(path)
    }
  }
  if (!(await isFolder(base || '.'))) return
  const top = await realPath(base || '.')
  await visit(base, top)
  for (const link of links) {
    if (!(await isFolder(link))) continue
    const real = await realPath(link)
    if (!joined(top, '').startsWith(joined(real, ''))) await visit(link, real)
  }
}

function joined(base: string, name: string): string {
  return base === '' || base.endsWith('/') ? base + name : `${base}/${name}`
}

async function entriesOf(folder: string) {
  return readFolder(folder === '' ? '.' : folder).catch((cause) => {
    // A pattern may skip files and missing folders, but must not hide a folder that cannot be read.
    if (cause.code === 'ENOTDIR' || cause.code === 'ENOENT') return []
    return withFileErrors('list the folder', folder, () => Promise.reject(cause))
  })
}

function matcher(part: string): (name: string) => boolean {
  const source = part.replace(/\[([^\]]+)\]|[.+^${}()|\\[\]*?]/g, (piece, set: string | undefined) => {
    if (set !== undefined) return `[${set.replace(/^!/, '^').replace(/[\\\]]/g, '\\$&')}]`
    return piece === '*' ? '[^/]*' : piece === '?' ? '[^/]' : `\\${piece}`
  })
  const expression = compile(source, part)
  return (name) => (part.startsWith('.') || !name.startsWith('.')) && expression.test(name)
}

function compile(source: string, part: string): RegExp {
  try {
    return new RegExp(`^${source}$`, 'u')
  } catch (cause) {
    throw new FileError(
      `the pattern ${part} must have ranges from low to high, such as [a-z]. Change the range, or escape the [ as [[]`,
      part,
      undefined,
      { cause },
    )
  }
}
