/** Which files a path, a folder or a pattern stands for. */
import { isFile, isFolder, readFolder } from './access.js'
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

/**
 * The files that match a pattern, in natural order. `*` and `?` stay within one folder level, `**` crosses levels,
 * `[a-z]` is one character. Names that begin with a dot match only if the pattern's part does. Nothing found: [].
 */
export async function globFiles(pattern: string): Promise<string[]> {
  if (await isFile(pattern)) return [pattern]
  const parts = pattern.split('/')
  const fixed = parts.findIndex(isGlob)
  if (fixed < 0) return []
  const base = fixed === 0 ? '' : parts.slice(0, fixed).join('/') || '/'
  const found: string[] = []
  await descend(base, parts.slice(fixed), found)
  // Sorted first by code unit: names that are equal in natural order (a_2, a_02) must not depend on the file system.
  return naturalSort([...new Set(found)].sort())
}

/** All files under a folder, in natural order; entries that begin with a dot are left out. Throws FileError. */
export async function listFiles(folder: string): Promise<string[]> {
  await withFileErrors('list the folder', folder, () => readFolder(folder))
  return globFiles(join(escapeGlob(folder), '**', '*'))
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

async function descend(base: string, parts: string[], found: string[]): Promise<void> {
  const [part, ...rest] = parts
  if (part === '**') {
    await descend(base, rest, found)
    for (const entry of await entriesOf(base)) {
      if (entry.isDirectory() && !entry.name.startsWith('.')) await descend(joined(base, entry.name), parts, found)
    }
    return
  }
  const matches = matcher(part)
  for (const entry of await entriesOf(base)) {
    if (!matches(entry.name)) continue
    const path = joined(base, entry.name)
    if (rest.length > 0) await descend(path, rest, found)
    else if (entry.isFile() || (!entry.isDirectory() && (await isFile(path)))) found.push(path)
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
