import { FileError, isFile, join, jsonText, readFile, refuseForeign, stat } from '../../files/index.js'
import { TokenizerError } from '../error.js'
import { folderFiles, namedTokens, withTokens, type FolderFiles } from './folder-tokens.js'
import type { TokenizerParts } from '../parts.js'
import { releasedName, releasedNames, releasedParts } from './released.js'
import { Tokenizer } from '../tokenizer.js'
import { jsonOfParts, notesOfJson, partsOfJson } from './tokenizer-json.js'
import { parseJson, partsOfVocabularyFiles } from './vocabulary-files.js'

/**
 * Loads a byte-level BPE tokenizer: a tokenizer.json of Hugging Face tokenizers; a folder with tokenizer.json or else
 * vocab.json and merges.txt, with the added tokens that other files in it name; or a released one by its name, "gpt2",
 * if no file has that name. Settings of the files that are not applied are in its `notes`. Throws TokenizerError for a
 * file that is missing, damaged, or needs an unsupported feature.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const { parts, notes } = await readSource(await findTokenizer(path))
  return new Tokenizer(parts, path, notes)
}

/**
 * The bytes of a tokenizer.json: those of the file, or a newly written one for a tokenizer without such a file, or whose
 * file has settings that are not applied or lacks tokens that its folder names. The file of an unsupported tokenizer is
 * returned unchanged. Errors as above.
 */
export async function tokenizerJson(path: string): Promise<Buffer> {
  const source = await findTokenizer(path)
  try {
    const { parts, json } = await readSource(source)
    return json ?? Buffer.from(jsonOfParts(parts))
  } catch (error) {
    if (source.kind !== 'json' || !(error instanceof TokenizerError)) throw error
    return readFile(source.path).catch((cause) => unreadable(source.path, cause))
  }
}

/** The settings of a tokenizer's files that are not applied, one per line; or why it is unsupported. Throws FileError. */
export async function notesOfTokenizer(path: string): Promise<readonly string[]> {
  try {
    return (await readSource(await findTokenizer(path))).notes
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error
    return [`the tokenizer cannot be used here: ${error.message}`]
  }
}

/**
 * The name of the released tokenizer that `path` names; undefined for the path of a file or folder, and for a path that
 * does not exist.
 */
export async function nameOfTokenizer(path: string): Promise<string | undefined> {
  const there = await stat(path).then(
    () => true,
    () => false,
  )
  return there ? undefined : releasedName(path)
}

/** Whether a path is a file, or a folder that contains a tokenizer. */
export async function isTokenizer(path: string): Promise<boolean> {
  return (await isFile(path)) || (await inFolder(path)) !== undefined
}

type Source =
  | { readonly kind: 'json'; readonly path: string; readonly folder?: string }
  | { readonly kind: 'pair'; readonly vocabulary: string; readonly merges: string; readonly folder: string }
  | { readonly kind: 'released'; readonly name: string }

/** Names of GPT-2's pair of files, as Hugging Face and as OpenAI released them. */
const pairs = [
  ['vocab.json', 'merges.txt'],
  ['encoder.json', 'vocab.bpe'],
] as const

const REMEDY = `Give a tokenizer.json, a folder with one or with vocab.json and merges.txt, or a name: ${releasedNames.join(', ')}`

async function findTokenizer(path: string): Promise<Source> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const name = error.code === 'ENOENT' ? releasedName(path) : undefined
    return name ?? unreadable(path, error)
  })
  if (typeof found === 'string') return { kind: 'released', name: found }
  if (!found.isDirectory()) return { kind: 'json', path }
  const source = await inFolder(path)
  if (source !== undefined) return source
  throw new TokenizerError(
    path,
    'no tokenizer in this folder',
    'It must contain tokenizer.json, or vocab.json and merges.txt, or encoder.json and vocab.bpe',
  )
}

async function inFolder(folder: string): Promise<Source | undefined> {
  const has = (name: string) => isFile(join(folder, name))
  if (await has('tokenizer.json')) return { kind: 'json', path: join(folder, 'tokenizer.json'), folder }
  for (const [vocabulary, merges] of pairs)
    if ((await has(vocabulary)) && (await has(merges)))
      return { kind: 'pair', vocabulary: join(folder, vocabulary), merges: join(folder, merges), folder }
  return undefined
}

interface Contents {
  readonly parts: TokenizerParts
  readonly notes: readonly string[]
  /** The file's bytes, if the file alone is the complete tokenizer. */
  readonly json?: Buffer
}

async function readSource(source: Source): Promise<Contents> {
  if (source.kind === 'released') return { parts: await releasedParts(source.name), notes: [] }
  const { folder } = source
  const tokens = folder === undefined ? [] : namedTokens(folder, await filesBeside(folder))
  if (source.kind === 'pair') {
    const named = new Set(tokens.map(({ content }) => content))
    const parts = partsOfVocabularyFiles(source, await read(source.vocabulary), await read(source.merges), named)
    return { parts: withTokens(parts, tokens), notes: [] }
  }
  const json = await readFile(source.path).catch((error) => unreadable(source.path, error))
  const text = json.toString('utf8')
  const alone = partsOfJson(source.path, text)
  const notes = notesOfJson(source.path, text)
  const parts = withTokens(alone, tokens)
  const complete = notes.length === 0 && keyOf(parts) === keyOf(alone)
  return { parts, notes, ...(complete && { json }) }
}

/** Equal for equal added tokens, whatever the order of their keys. */
function keyOf({ addedTokens }: TokenizerParts): string {
  return JSON.stringify(addedTokens.map((token) => Object.entries(token).sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** The files of a folder that name added tokens. */
async function filesBeside(folder: string): Promise<FolderFiles> {
  const files: FolderFiles = {}
  for (const name of folderFiles) {
    const path = join(folder, name)
    if (await isFile(path)) files[name] = parseJson(path, await read(path))
  }
  return files
}

async function read(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error) => unreadable(path, error))
  if (path.endsWith('.json')) return jsonText(bytes, path)
  refuseForeign(path, bytes, bytes.length, 'text')
  return bytes.toString('utf8')
}

function unreadable(path: string, error: NodeJS.ErrnoException): never {
  if (error instanceof FileError && error.code !== 'ENOENT') throw error
  const what = error.code === 'ENOENT' ? 'no such file or folder' : `cannot be read (${error.message})`
  throw new TokenizerError(path, what, REMEDY, error)
}
