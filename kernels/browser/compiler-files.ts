/** The files that the compiler sees in a browser: declarations, packed by build.ts into one JSON of texts by path. */

/** Folder of the project, which is also that of the package. */
export const ROOT = '/lab/'

/** The parts of the compiler's `System` that it uses here. */
export interface CompilerSystem {
  readonly newLine: string
  useCaseSensitiveFileNames: boolean
  readonly args: readonly string[]
  [name: string]: unknown
}

/** `texts` by absolute path. Only reads: cells are files of the converter. */
export function createSystem(texts: ReadonlyMap<string, string>): CompilerSystem {
  const children = new Map<string, Set<string>>([['/', new Set()]])
  for (const path of texts.keys()) {
    let child = path
    while (child !== '/') {
      const folder = child.slice(0, Math.max(1, child.lastIndexOf('/')))
      const known = children.get(folder)
      if (known) {
        known.add(child)
        break
      }
      children.set(folder, new Set([child]))
      child = folder
    }
  }
  const clean = (path: string) => (path.length > 1 ? path.replace(/\/$/, '') : path)
  const nothing = () => ({ close() {} })
  return {
    args: [],
    newLine: '\n',
    useCaseSensitiveFileNames: true,
    write() {},
    readFile: (path: string) => texts.get(path),
    fileExists: (path: string) => texts.has(path),
    directoryExists: (path: string) => children.has(clean(path)),
    getDirectories: (path: string) =>
      [...(children.get(clean(path)) ?? [])]
        .filter((child) => children.has(child))
        .map((child) => child.slice(child.lastIndexOf('/') + 1)),
    readDirectory: () => [],
    writeFile() {},
    createDirectory() {},
    resolvePath: (path: string) => path,
    getExecutingFilePath: () => '/lib/typescript.js',
    getCurrentDirectory: () => ROOT.slice(0, -1),
    exit() {},
    watchFile: nothing,
    watchDirectory: nothing,
  }
}
