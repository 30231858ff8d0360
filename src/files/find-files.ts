/** Which files a path, a folder or a pattern stands for. */
import { isFile, isFolder, readFolder, realPath } from './access.js'
import { FileError, withFileErrors } from './error.js'
import { naturalSort } from './natural-sort.js'
import { join } from './paths.js'

/** Whether a path is a pattern: it holds *, ? or [. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path)
}

/** A pattern that matches this path alone, whatever characters are in it. */
export function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, '[$&]')
}

export interface FindOptions {
  /** Called with each entry that matches and is neither a file nor a folder: a broken link, a device. */
  onUnreadable?: (path: string) => void
}

/** A search under way. */
interface Search extends FindOptions {
  readonly found: string[]
}

/**
 * The files that match a pattern, in natural order. `*` and `?` stay within one folder level, `**` crosses levels (links
 * to folders, too, each folder once), `[a-z]` is one character. Names that begin with a dot match only if the pattern's
 * part does. Nothing found: []. Throws FileError.
 */
export async function globFiles(pattern: string, options: FindOptions = {}): Promise<string[]> {
  if (await isFile(pattern)) return [pattern]
  const parts = pattern.split('/')
  const fixed = parts.findIndex(isGlob)
  if (fixed < 0) return []
  const base = fixed === 0 ? '' : parts.slice(0, fixed).join('/') || '/'
  const search = { found: [], ...options } satisfies Search
  await descend(base, parts.slice(fixed), search)
  // Sorted first by code unit: names that are equal in natural order (a_2, a_02) must not depend on the file system.
  return naturalSort([...new Set<string>(search.found)].sort())
}

/** All files under a folder, in natural order; entries that begin with a dot are left out. Throws FileError. */
export async function listFiles(folder: string, options: FindOptions = {}): Promise<string[]> {
  await withFileErrors('list the folder', folder, () => readFolder(folder))
  return globFiles(join(escapeGlob(folder), '**', '*'), options)
}

/**
 * An entry of a folder that is not the caller's: the first that is neither hidden nor named in `own`. None where there is
 * no folder, or where the file `marker` in it says that it is the caller's. Throws FileError.
 */
export async function foreignEntry(
  folder: string,
  { marker, own }: { marker: string; own: readonly string[] },
): Promise<string | undefined> {
  if (!(await isFolder(folder)) || (await isFile(join(folder, marker)))) return undefined
  const entries = await withFileErrors('list the folder', folder, () => readFolder(folder))
  return entries.map(({ name }) => name).find((name) => !own.includes(name) && !name.startsWith('.'))
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

/** Folders themselves come before links to them, and each once, so that no circle of links is walked. */
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
    // A pattern may pass over files and missing folders; what it may not do is hide a folder that cannot be read.
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
      `the pattern ${part} must have ranges from low to high, as [a-z]. Change the range, or escape the [ as [[]`,
      part,
      undefined,
      { cause },
    )
  }
}
