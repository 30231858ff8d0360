import { stat, writeFileAtomic } from '../../files/index.js'
import { TokenizerError } from '../error.js'
import type { Tokenizer } from '../tokenizer.js'
import { jsonOfParts } from './tokenizer-json.js'

/**
 * Writes a tokenizer.json, which Hugging Face tokenizers loads too. A file of that name is replaced at once, when the
 * new one is whole on disk. Throws TokenizerError for a path that is
 * no file's, FileError if it cannot be written.
 */
export async function saveTokenizer(tokenizer: Tokenizer, path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  // A rename would replace a device or a pipe.
  if (there !== undefined && !there.isFile())
    throw new TokenizerError(path, 'cannot be written (it is no file)', 'give the path of a file')
  await writeFileAtomic(path, jsonOfParts(tokenizer.parts))
}
