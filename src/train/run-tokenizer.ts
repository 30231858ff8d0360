import { FileError, isFile, join, sha256, sha256File } from '../files/index.js'
import { tokenizerJson } from '../tokenizer/index.js'

export interface TokenizerSources {
  readonly run: string
  /** The tokenizer that the data names: a tokenizer.json, a folder, or a name. */
  readonly tokenizer?: string
  /** sha256 of the tokenizer.json of the data and of the run's checkpoint, where known. */
  readonly hashes: readonly (string | undefined)[]
}

export interface KeptTokenizer {
  /** What to write as the run's tokenizer.json; undefined if it stays as it is. */
  readonly json?: Buffer
  readonly notes: readonly string[]
}

/**
 * The tokenizer to keep with a run, which must be that of its data: ids mean nothing without it. Writes nothing. Throws
 * FileError for another one, TokenizerError for one that cannot be read.
 */
export async function tokenizerToKeep({ run, tokenizer, hashes }: TokenizerSources): Promise<KeptTokenizer> {
  const path = join(run, 'tokenizer.json')
  const kept = (await isFile(path)) ? await sha256File(path) : undefined
  const wanted = hashes.find((hash) => hash !== undefined)
  if (tokenizer === undefined) return { notes: notesOf(path, kept, wanted) }
  const json = await tokenizerJson(tokenizer)
  const hash = sha256(json)
  if (wanted !== undefined && hash !== wanted) {
    const restore = kept === wanted ? `Restore it from ${path}` : 'Restore it'
    throw new FileError(
      `${tokenizer} must be the tokenizer that the data was prepared with (sha256 ${short(wanted)}, got ` +
        `${short(hash)}). ${restore}, or prepare the data again with it and train in a new run`,
      tokenizer,
    )
  }
  if (wanted === undefined && kept !== undefined && kept !== hash) {
    throw new FileError(
      `${tokenizer} must be the run's tokenizer (${path} has sha256 ${short(kept)}, got ${short(hash)}). ` +
        'Use data made with that, or train in a new run',
      tokenizer,
    )
  }
  return { json: kept === hash ? undefined : json, notes: [] }
}

function notesOf(path: string, kept: string | undefined, wanted: string | undefined): string[] {
  if (kept === undefined)
    return [
      'no tokenizer is kept with the run, as the data names none that exists: `neomesh sample` will need --tokenizer',
    ]
  return wanted === undefined || kept === wanted
    ? []
    : [`${path} is not the tokenizer that the data was prepared with: \`neomesh sample\` will need --tokenizer`]
}

const short = (hash: string) => hash.slice(0, 12)
