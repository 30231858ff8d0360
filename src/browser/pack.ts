/** The files that a site serves for the library in a browser: configs, the demo's texts, Node's documentation. For Node. */
import { gzipSync } from 'node:zlib'
import { demoTexts } from '../data/index.js'
import { findTypes } from '../data/demo/node-types.js'
import {
  basename,
  join,
  listFiles,
  makeFolder,
  packageFolder,
  readFile,
  relative,
  writeFileAtomic,
} from '../files/index.js'
import type { ServedFiles, ServedPack } from '../files/browser/served.js'
import { folders } from './folders.js'

/** Texts of a pack: lessons that read a few fetch one pack. */
const TEXTS_IN_PACK = 50

interface SiteFile {
  /** Where the browser's file system has it. */
  readonly path: string
  /** Where it is now. */
  readonly source: string
}

/**
 * Writes files.json and files/*.gz into a folder: configs/, the demo's texts, and the comments of @types/node for
 * `nodeTexts`. Returns the bytes written. Throws FileError, also if the demo's texts are not installed.
 */
export async function writeSiteFiles(folder: string): Promise<number> {
  await makeFolder(join(folder, 'files'))
  const packs: ServedPack[] = []
  let bytes = 0
  const pack = async (name: string, files: readonly SiteFile[]) => {
    const contents = await Promise.all(files.map(({ source }) => readFile(source)))
    const url = `files/${name}.gz`
    const packed = gzipSync(Buffer.concat(contents), { level: 9 })
    await writeFileAtomic(join(folder, url), packed)
    packs.push({ url, files: files.map(({ path }, i) => ({ path, size: contents[i].length })) })
    bytes += packed.length
  }
  const configs = await filesBelow(join(packageFolder, 'configs'), '/configs', () => true)
  await pack('configs', configs)
  const texts = (await demoTexts()).map((source) => ({ path: `${folders.texts}/${basename(source)}`, source }))
  for (let at = 0; at < texts.length; at += TEXTS_IN_PACK)
    await pack(`texts-${at / TEXTS_IN_PACK + 1}`, texts.slice(at, at + TEXTS_IN_PACK))
  await pack('node', await filesBelow(findTypes(), folders.nodeTypes, (path) => path.endsWith('.d.ts')))
  const list = JSON.stringify({ packs } satisfies ServedFiles)
  await writeFileAtomic(join(folder, 'files.json'), list)
  return bytes + Buffer.byteLength(list)
}

async function filesBelow(from: string, to: string, wanted: (path: string) => boolean): Promise<SiteFile[]> {
  const found = (await listFiles(from)).filter(wanted)
  return found.map((source) => ({ path: `${to}/${relative(from, source).replaceAll('\\', '/')}`, source }))
}
