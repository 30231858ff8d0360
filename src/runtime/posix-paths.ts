/** The functions of node:path for POSIX paths, which a browser lacks. The current directory is the root. */
import type { Paths } from './runtime.js'

/** Removes `.`, resolves `..`, and joins slashes; '.' for an empty path, and no slash at the end of others than the root. */
function normalize(path: string): string {
  const root = path.startsWith('/') ? '/' : ''
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (root === '') parts.push(part)
  }
  return root + parts.join('/') || '.'
}

const withoutSlashes = (path: string) => path.replace(/(.)\/+$/, '$1')

function join(...parts: string[]): string {
  const joined = parts.filter((part) => part !== '').join('/')
  const path = normalize(joined)
  return joined.endsWith('/') && path !== '/' ? `${path}/` : path
}

function resolve(...paths: string[]): string {
  const from = paths.findLastIndex((path) => path.startsWith('/'))
  return normalize(['/', ...paths.slice(Math.max(from, 0))].join('/'))
}

function relative(from: string, to: string): string {
  const [a, b] = [from, to].map((path) => resolve(path).split('/').filter(Boolean))
  let common = 0
  while (common < a.length && a[common] === b[common]) common++
  return [...a.slice(common).map(() => '..'), ...b.slice(common)].join('/')
}

export const posixPaths: Paths = {
  join,
  resolve,
  dirname(given) {
    const path = withoutSlashes(given)
    const at = path.lastIndexOf('/')
    return at > 0 ? withoutSlashes(path.slice(0, at)) : at === 0 ? '/' : '.'
  },
  basename: (path) => withoutSlashes(path).replace(/^.*\//, ''),
  isAbsolute: (path) => path.startsWith('/'),
  relative,
}
