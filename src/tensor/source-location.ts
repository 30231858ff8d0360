/** The path of a file's URL; of another URL (in a browser) its path. Without Node's own function, for browsers. */
function pathOf(url: string): string {
  const path = URL.canParse(url) ? decodeURIComponent(new URL(url).pathname) : ''
  return path.replace(/^\/([A-Z]:)/, '$1')
}

/** Folder of this file, whose frames are skipped: `src/tensor/` as TypeScript and as compiled JavaScript. */
const here = pathOf(import.meta.url).replace(/[^/]*$/, '')
const inside = [here, here.replace(/\/dist(\/src\/tensor\/)$/, '$1')]

/** Skips a module's frames, too, by its import.meta.url: operations that it makes are shown where it was called. */
export function hideFrames(url: string): void {
  const path = pathOf(url).replace(/\.[jt]s$/, '.')
  inside.push(path, path.replace(/\/dist(\/src\/[^]*)$/, '$1'))
}

/**
 * `src/model/attention.ts:31`: where user code called into `tensor/`, from an error made at that time. An Error keeps its
 * frames unformatted until `.stack` is read, so making one for each operation is cheap and this is not.
 */
export function sourceLocation(made: Error): string {
  for (const line of (made.stack ?? '').split('\n').slice(1)) {
    const found = /\(?((?:file:\/\/|\/|[A-Z]:\\)[^)]*?):(\d+):\d+\)?$/.exec(line.trim())
    if (!found) continue
    const path = found[1].startsWith('file://') ? pathOf(found[1]) : found[1].replace(/\\/g, '/')
    if (inside.some((folder) => path.startsWith(folder)) || path.startsWith('node:')) continue
    const project = inside[1].replace(/src\/tensor\/$/, '')
    return `${path.startsWith(project) ? path.slice(project.length) : path}:${found[2]}`
  }
  return ''
}
