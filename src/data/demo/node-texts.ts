import { findTypes } from '#node-types'
import {
  dirname,
  isFolder,
  join,
  listFiles,
  makeFolder,
  readFolder,
  readText,
  relative,
  writeFileAtomic,
  writeFolderAtomic,
} from '../../files/index.js'

/** Modules with less text than this, in characters, are left out. */
const SHORTEST = 2000

/**
 * English text that every installation from npm has: the documentation of Node's modules in the comments of the package
 * @types/node (MIT license), 0.8 MB. Written to a folder, one text a module, unless the folder is there. Returns the
 * paths. Throws FileError.
 */
export async function nodeTexts(folder: string): Promise<string[]> {
  if (!(await isFolder(folder))) {
    const types = findTypes()
    const paths = (await listFiles(types)).filter((path) => path.endsWith('.d.ts'))
    await makeFolder(dirname(folder))
    await writeFolderAtomic(folder, { mayReplace: () => false }, async (work) => {
      for (const path of paths) {
        const text = proseOf(await readText(path))
        const name = relative(types, path)
          .replace(/\.d\.ts$/, '')
          .replace(/[\\/]/g, '-')
        if (text.length >= SHORTEST) await writeFileAtomic(join(work, `${name}.txt`), text)
      }
    })
  }
  const entries = await readFolder(folder)
  return entries.map(({ name }) => join(folder, name)).sort()
}

/** The sentences of a declaration file's comments, without examples, links' targets and tags of their tools. */
export function proseOf(source: string): string {
  const comments = [...source.matchAll(/\/\*\*(.*?)\*\//gs)].map(([, comment]) =>
    comment
      .replace(/^[ \t]*\* ?/gm, '')
      .replace(/```.*?```/gs, '')
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/\{@link ([^}]*)\}/g, '$1')
      .replace(/^@(?:param \S+|returns?|throws) /gm, '')
      .replace(/^@.*$/gm, '')
      .replace(/\n{3,}/g, '\n\n')
      .trim(),
  )
  return comments
    .filter((comment) => comment.includes(' '))
    .join('\n\n')
    .concat('\n')
}
