import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { FileError, isFolder, makeFolder, withFileErrors, writeFolderAtomic } from '../files/index.js'

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
    const names = (await readdir(types, { recursive: true })).filter((name) => name.endsWith('.d.ts')).sort()
    await makeFolder(dirname(folder))
    await writeFolderAtomic(folder, { mayReplace: () => false }, async (work) => {
      for (const name of names) {
        const text = proseOf(await readFile(join(types, name), 'utf8'))
        const file = join(work, `${name.replace(/\.d\.ts$/, '').replace(/[\\/]/g, '-')}.txt`)
        if (text.length >= SHORTEST) await withFileErrors('write', file, () => writeFile(file, text))
      }
    })
  }
  return (await readdir(folder)).sort().map((name) => join(folder, name))
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

function findTypes(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('@types/node/package.json'))
  } catch (cause) {
    const why = 'the package @types/node is not there: run npm ci, or give texts of your own with --text'
    throw new FileError(`there is no text for the demo: ${why}`, '@types/node', undefined, { cause })
  }
}
