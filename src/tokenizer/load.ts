import { FileError, isFile, join, readText, stat } from '../files/index.js'
import { TokenizerError } from './error.js'
import { Tokenizer } from './tokenizer.js'
import { partsOfJson } from './tokenizer-json.js'
import { partsOfVocabularyFiles } from './vocabulary-files.js'

/**
 * Loads a byte-level BPE tokenizer: a tokenizer.json of Hugging Face tokenizers, or a
 * folder with tokenizer.json or else vocab.json and merges.txt. Throws TokenizerError for a file that is missing,
 * damaged, or asks for something that is not built here.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const found = await stat(path).catch((error) => unreadable(path, error))
  if (!found.isDirectory()) return new Tokenizer(partsOfJson(path, await read(path)), path)

  const inFolder = (name: string) => join(path, name)
  const has = (name: string) => isFile(inFolder(name))
  if (await has('tokenizer.json')) return loadTokenizer(inFolder('tokenizer.json'))
  const where = { vocabulary: inFolder('vocab.json'), merges: inFolder('merges.txt') }
  if (!(await has('vocab.json')) || !(await has('merges.txt')))
    throw new TokenizerError(
      path,
      'no tokenizer in this folder',
      'it must hold tokenizer.json, or vocab.json and merges.txt',
    )
  return new Tokenizer(partsOfVocabularyFiles(where, await read(where.vocabulary), await read(where.merges)), path)
}

async function read(path: string): Promise<string> {
  return readText(path).catch((error) => unreadable(path, error))
}

function unreadable(path: string, error: NodeJS.ErrnoException): never {
  if (error instanceof FileError && error.code !== 'ENOENT') throw error
  const what = error.code === 'ENOENT' ? 'no such file or folder' : `cannot be read (${error.message})`
  throw new TokenizerError(
    path,
    what,
    'give a tokenizer.json, or a folder that holds one or vocab.json and merges.txt',
    error,
  )
}
