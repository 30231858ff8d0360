/** The functions of node:path that tslab's converter uses, for absolute paths with slashes. */
const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

export function normalize(path: string): string {
  const kept: string[] = []
  for (const part of parts(path)) {
    if (part === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop()
    else kept.push(part)
  }
  return `${path.startsWith('/') ? '/' : ''}${kept.join('/')}` || '.'
}

export const join = (...given: string[]): string => normalize(given.filter((part) => part !== '').join('/'))

export function relative(from: string, to: string): string {
  const [a, b] = [parts(normalize(from)), parts(normalize(to))]
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same++
  return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/')
}

export const dirname = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

export const sep = '/'
export default { normalize, join, relative, dirname, sep }
