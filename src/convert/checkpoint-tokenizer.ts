/** The tokenizer that belongs to a checkpoint. */
import { FileError, isFile, join, sha256 } from '../files/index.js'
import { tokenizerJson } from '../tokenizer/index.js'
import type { Checkpoint } from '../checkpoint/index.js'

/**
 * The tokenizer to export with a checkpoint: the one given, or the one saved with it, which must be that of its data.
 * Throws FileError, TokenizerError.
 */
export async function tokenizerToExport(
  path: string,
  { folder, manifest }: Pick<Checkpoint, 'folder' | 'manifest'>,
  given?: string,
): Promise<{ readonly tokenizer?: string; readonly notes: readonly string[] }> {
  const tokenizer = given ?? (await tokenizerFor(path, folder))
  if (tokenizer === undefined || manifest.tokenizer === undefined) return { tokenizer, notes: [] }
  if (sha256(await tokenizerJson(tokenizer)) === manifest.tokenizer) return { tokenizer, notes: [] }
  const what = `${tokenizer} is not the tokenizer that the model's data was prepared with`
  if (given !== undefined) return { tokenizer, notes: [what] }
  throw new FileError(`${what}. Restore it, or name a tokenizer with --tokenizer`, tokenizer)
}

/** The tokenizer.json saved at `path`, in the checkpoint, or in the run that it belongs to; undefined if there is none. */
export async function tokenizerFor(path: string, checkpoint: string): Promise<string | undefined> {
  const candidates = [path, checkpoint, join(checkpoint, '..', '..')].map((folder) => join(folder, 'tokenizer.json'))
  for (const file of candidates) if (await isFile(file)) return file
  return undefined
}
