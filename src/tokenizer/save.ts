import { stat } from 'node:fs/promises'
import { FileError, writeFileAtomic } from '../files/index.js'
import { TokenizerError } from './error.js'
import type { Tokenizer } from './tokenizer.js'
import { jsonOfParts } from './tokenizer-json.js'

/**
 * Writes a tokenizer.json, which Hugging Face tokenizers loads too. A file of that name is replaced at once, when the
 * new one is whole on disk. Throws TokenizerError if it cannot be written.
 */
export async function saveTokenizer(tokenizer: Tokenizer, path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  // A rename would replace a device or a pipe.
  if (there !== undefined && !there.isFile())
    throw new TokenizerError(path, 'cannot be written (it is no file)', 'give the path of a file')
  try {
    await writeFileAtomic(path, jsonOfParts(tokenizer.parts))
  } catch (error) {
    // The system's own words, without the path that ours names already.
    const reason = error instanceof FileError && error.cause instanceof Error ? error.cause : (error as Error)
    throw new TokenizerError(
      path,
      `cannot be written (${reason.message})`,
      'give the path of a file in a folder that exists and has room',
      error,
    )
  }
}
