/** Raw text in: which files there are, and the documents in them, one after the other. */
import { globFiles, isFolder, isGlob, listFiles, stat, withFileErrors } from '../files/index.js'
import { DataError } from './error.js'
import { readJsonLines } from './read-lines.js'
import { readText } from './read-text.js'

/** A document, or a part of a long one. */
export interface DocumentPiece {
  readonly text: string
  /** Whether the document ends here. */
  readonly last: boolean
  readonly path: string
  /** Line of a .jsonl file, from 1. */
  readonly line?: number
}

/** Counts kept up to date while documents are read. */
export interface ReadReport {
  /** Bytes read from the disk, before unpacking. */
  inputBytes: number
  /** U+FFFD put for what was not valid Unicode. */
  replaced: number
}

export interface ReadOptions {
  /** The key of a .jsonl line that holds the text. @default 'text' */
  textKey?: string
  report?: ReadReport
}

type Reader = (path: string, textKey: string, report: ReadReport) => AsyncGenerator<DocumentPiece>

/** A new format is a row here. */
const readers: Record<string, Reader> = {
  '.txt': (path, _, report) => readText(path, report),
  '.jsonl': readJsonLines,
}
const packings = ['', '.gz', '.zst']
const endings = Object.keys(readers).flatMap((ending) => packings.map((packing) => ending + packing))

/**
 * The text files that files, folders (with all below them) and patterns stand for: in the order given, within a folder
 * or pattern in natural order, each once.
 * A folder's other files are passed over; a file named by itself must be of a known kind. Throws DataError, FileError.
 */
export async function findInputs(inputs: string | readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const input of typeof inputs === 'string' ? [inputs] : inputs) {
    const files = await filesOf(input)
    const readable = files.filter((file) => endingOf(file) !== undefined)
    if (readable.length === 0) {
      const found = files.length === 0 ? 'no file is there' : `no file of a known kind (first: ${files[0]})`
      throw new DataError(`${input}: ${found}. Known are ${endings.join(', ')}`)
    }
    for (const file of readable) found.add(file)
  }
  if (found.size === 0) throw new DataError('no input files were given. Name files, folders or patterns')
  return [...found]
}

async function filesOf(input: string): Promise<string[]> {
  if (await isFolder(input)) return listFiles(input)
  if (isGlob(input)) return globFiles(input)
  await withFileErrors('read', input, () => stat(input))
  return [input]
}

function endingOf(path: string): string | undefined {
  return endings.find((ending) => path.endsWith(ending))
}

/** The documents of these files, in order, in bounded memory (one piece of 4 MiB, or one .jsonl line). */
export async function* readDocuments(
  files: readonly string[],
  options: ReadOptions = {},
): AsyncGenerator<DocumentPiece> {
  const { textKey = 'text', report = { inputBytes: 0, replaced: 0 } } = options
  for (const file of files) {
    const kind = Object.keys(readers).find((ending) => packings.some((packing) => file.endsWith(ending + packing)))
    if (kind === undefined) throw new DataError(`${file}: its kind is not known. Known are ${endings.join(', ')}`)
    yield* readers[kind](file, textKey, report)
  }
}
