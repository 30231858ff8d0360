import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
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
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(jsonOfParts(tokenizer.parts))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new TokenizerError(
      path,
      `cannot be written (${(error as Error).message})`,
      'give the path of a file in a folder that exists and has room',
      error,
    )
  }
}
