import { stat, writeFileAtomic } from '../../files/index.js'
import { TokenizerError } from '../error.js'
import type { Tokenizer } from '../tokenizer.js'
import { jsonOfParts } from './tokenizer-json.js'

/**
 * Writes a tokenizer.json, which Hugging Face tokenizers can load. An existing file is replaced atomically. Throws
 * TokenizerError for a path that is not a file, FileError if it cannot be written.
 */
export async function saveTokenizer(tokenizer: Tokenizer, path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  // A rename would replace a device or a pipe.
  if (found !== undefined && !found.isFile())
    throw new TokenizerError(
      path,
      'must be a file to be written (got a folder, device or pipe)',
      'Give the path of a file',
    )
  await writeFileAtomic(path, jsonOfParts(tokenizer.parts))
}
