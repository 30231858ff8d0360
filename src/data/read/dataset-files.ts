/** The TFRecord files of a data set, and the offset of each record. */
import { basename, dirname, escapeGlob, globFiles, isAbsolute, isFolder, join, naturalSort } from '../../files/index.js'
import { DataError } from '../error.js'
import { readIndex, readOffsets, toOffsets, type DatasetIndex } from '../records/index-file.js'
import { scanRecordLengths } from '../records/tfrecord.js'
import { countInName } from '../records/tfrecord-names.js'
import { runtime } from '../../runtime/index.js'

/** One file of a data set; `first` is the index of its first sample. */
export interface DatasetFile {
  readonly path: string
  readonly first: number
  readonly records: number
}

export interface LocatedFile extends DatasetFile {
  /** Byte offset of each record, and the file's size. */
  readonly offsets: Float64Array
}

/** The path option as given, for messages. */
export function describePath(path: string | readonly string[]): string {
  return typeof path === 'string' ? path : path.join(', ')
}

/** The .tfrecords files that patterns, folders or paths stand for, in natural order. Throws DataError for none. */
export async function findTfrecords(path: string | readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const each of typeof path === 'string' ? [path] : path) {
    const folder = await isFolder(each)
    const files = await globFiles(folder ? join(escapeGlob(each), '*.tfrecords') : each)
    if (files.length === 0) throw new DataError(await nothingFound(each, folder))
    found.push(...files)
  }
  const sorted = found.toSorted()
  const twice = sorted.find((file, i) => i > 0 && file === sorted[i - 1])
  if (twice !== undefined)
    throw new DataError(`${describePath(path)}: ${twice} is named twice. Give patterns that do not overlap`)
  return naturalSort(sorted)
}

async function nothingFound(path: string, folder: boolean): Promise<string> {
  if (!folder)
    return `${path}: no file matches.${isAbsolute(path) ? ' Check the path' : ' The path is relative to the current directory'}`
  const below = await globFiles(join(escapeGlob(path), '*', '*.tfrecords'))
  const folders = [...new Set(below.map((file) => dirname(file)))]
  const advice = folders.length > 0 ? `These do: ${folders.join(', ')}` : 'Prepare data into it first'
  return `${path}: the folder has no .tfrecords files. ${advice}`
}

/**
 * The offsets of the records of these files, from the index beside a file or by scanning it. Both check the framing, so a
 * different count in a file's name is only a note (a process warning).
 */
export async function locateRecords(paths: readonly string[]) {
  const byFolder = new Map<string, DatasetIndex | undefined>()
  const files: LocatedFile[] = []
  const misnamed: string[] = []
  let allIndexed = true
  let first = 0
  for (const path of paths) {
    const folder = dirname(path)
    if (!byFolder.has(folder)) byFolder.set(folder, await readIndex(folder))
    const index = byFolder.get(folder)
    const indexed = index?.files.some(({ name }) => name === basename(path)) ?? false
    allIndexed &&= indexed
    const offsets = indexed
      ? await readOffsets(folder, index!, basename(path))
      : toOffsets(await scanRecordLengths(path))
    const records = offsets.length - 1
    const stated = countInName(path)
    if (stated !== undefined && stated !== records) misnamed.push(`${path} has ${records} records`)
    files.push({ path, first, records, offsets })
    first += records
  }
  if (misnamed.length > 0) runtime.warn(describeMisnamed(misnamed))
  return { files, indexes: [...byFolder.values()].filter((index) => index !== undefined), allIndexed }
}

/** Other tools put a file number where GPT-Neo's names have a count, so the name's number is ignored. */
function describeMisnamed([first, ...more]: readonly string[]): string {
  const others = more.length > 0 ? ` (and ${more.length} more files)` : ''
  return `${first}${others}: the number in the name is not the record count and is ignored`
}
