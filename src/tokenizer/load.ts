import { FileError, isFile, join, readFile, readText, stat } from '../files/index.js'
import { TokenizerError } from './error.js'
import type { TokenizerParts } from './parts.js'
import { releasedName, releasedNames, releasedParts } from './released.js'
import { Tokenizer } from './tokenizer.js'
import { jsonOfParts, partsOfJson } from './tokenizer-json.js'
import { partsOfVocabularyFiles } from './vocabulary-files.js'

/**
 * Loads a byte-level BPE tokenizer: a tokenizer.json of Hugging Face tokenizers; a folder with tokenizer.json or else
 * vocab.json and merges.txt; or a released one by its name, "gpt2", where no file has that name. Throws TokenizerError
 * for a file that is missing, damaged, or asks for something that is not built here.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  return new Tokenizer(await partsOf(await findTokenizer(path)), path)
}

/** The bytes of a tokenizer.json: those of the file, or of one made for a tokenizer that has none. Errors as above. */
export async function tokenizerJson(path: string): Promise<Buffer> {
  const source = await findTokenizer(path)
  if (source.kind === 'json') return readFile(source.path).catch((error) => unreadable(source.path, error))
  return Buffer.from(jsonOfParts(await partsOf(source)))
}

/**
 * The name of the released tokenizer that `path` stands for; undefined for the path of a file or folder, and for what
 * is not there.
 */
export async function nameOfTokenizer(path: string): Promise<string | undefined> {
  const there = await stat(path).then(
    () => true,
    () => false,
  )
  return there ? undefined : releasedName(path)
}

/** Whether a tokenizer is at a path: a file, or a folder that holds one. */
export async function isTokenizer(path: string): Promise<boolean> {
  return (await isFile(path)) || (await inFolder(path)) !== undefined
}

type Source =
  | { readonly kind: 'json'; readonly path: string }
  | { readonly kind: 'pair'; readonly vocabulary: string; readonly merges: string }
  | { readonly kind: 'released'; readonly name: string }

/** Names of GPT-2's pair of files, first as Hugging Face, then as OpenAI released them. */
const pairs = [
  ['vocab.json', 'merges.txt'],
  ['encoder.json', 'vocab.bpe'],
] as const

const ASK = `give a tokenizer.json, a folder that holds one or vocab.json and merges.txt, or a name: ${releasedNames.join(', ')}`

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
    'it must hold tokenizer.json, or vocab.json and merges.txt, or encoder.json and vocab.bpe',
  )
}

async function inFolder(folder: string): Promise<Source | undefined> {
  const has = (name: string) => isFile(join(folder, name))
  if (await has('tokenizer.json')) return { kind: 'json', path: join(folder, 'tokenizer.json') }
  for (const [vocabulary, merges] of pairs)
    if ((await has(vocabulary)) && (await has(merges)))
      return { kind: 'pair', vocabulary: join(folder, vocabulary), merges: join(folder, merges) }
  return undefined
}

async function partsOf(source: Source): Promise<TokenizerParts> {
  if (source.kind === 'released') return releasedParts(source.name)
  if (source.kind === 'json') return partsOfJson(source.path, await read(source.path))
  return partsOfVocabularyFiles(source, await read(source.vocabulary), await read(source.merges))
}

async function read(path: string): Promise<string> {
  return readText(path).catch((error) => unreadable(path, error))
}

function unreadable(path: string, error: NodeJS.ErrnoException): never {
  if (error instanceof FileError && error.code !== 'ENOENT') throw error
  const what = error.code === 'ENOENT' ? 'no such file or folder' : `cannot be read (${error.message})`
  throw new TokenizerError(path, what, ASK, error)
}
