/** What `neomesh import hf`, `neomesh import tf` and `neomesh export hf` do. */
import { FileError, isFile, join, sha256 } from '../files/index.js'
import { tokenizerJson } from '../tokenizer/index.js'
import { findCheckpoint, openCheckpoint, type Checkpoint } from '../train/checkpoint.js'
import { exportHuggingFace, type ExportHuggingFaceOptions } from './export-hugging-face.js'
import { openHuggingFace } from './hugging-face.js'
import { followed, sumOfElements, type ConvertOptions, type ConvertTotals } from './variables.js'
import { notesOfTokenizer } from '../tokenizer/index.js'
import { tokenizerIn, writeCheckpoint } from './write-checkpoint.js'

export { importTensorflow as importTf, type ImportTensorflowOptions } from './import-tensorflow.js'

/**
 * Writes a Hugging Face GPT-Neo folder as a checkpoint of ours, with its tokenizer. Nothing is left after a failure.
 * Throws ConfigError, FileError, or the signal's reason.
 */
export async function importHf(folder: string, output: string, options: ConvertOptions = {}): Promise<ConvertTotals> {
  const source = await openHuggingFace(folder)
  try {
    const { config, variables } = source
    const tokenizer = await tokenizerIn(folder)
    await writeCheckpoint(output, followed(variables, options), { config, step: 0, tokens: 0, tokenizer })
    const parameters = sumOfElements(variables)
    return {
      output,
      tensors: variables.length,
      parameters,
      bytes: 4 * parameters,
      notes: [
        ...source.notes,
        ...(tokenizer ? await notesOfTokenizer(tokenizer) : ['the folder has no tokenizer: give one when you sample']),
      ],
    }
  } finally {
    await source.close()
  }
}

/**
 * Writes a checkpoint (or the newest one of a run) as a Hugging Face folder; optimizer slots stay behind. A
 * tokenizer.json in the checkpoint is copied along unless another is given. Throws ConfigError, FileError, or the
 * signal's reason.
 */
export async function exportHf(
  path: string,
  output: string,
  options: ExportHuggingFaceOptions = {},
): Promise<ConvertTotals> {
  const checkpoint = await openCheckpoint(await findCheckpoint(path))
  try {
    const { tokenizer, notes } = await tokenizerToExport(path, checkpoint, options.tokenizer)
    const totals = await exportHuggingFace(checkpoint.read, checkpoint.config, output, { ...options, tokenizer })
    return { ...totals, notes: [...notes, ...totals.notes] }
  } finally {
    await checkpoint.close()
  }
}

/**
 * The tokenizer to export with a checkpoint: the one given, or the one kept with it, which must be that of its data.
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

/** Where a tokenizer may be kept: with what was named, with the checkpoint, with the run that it belongs to. */
export async function tokenizerFor(path: string, checkpoint: string): Promise<string | undefined> {
  const places = [path, checkpoint, join(checkpoint, '..', '..')].map((folder) => join(folder, 'tokenizer.json'))
  for (const place of places) if (await isFile(place)) return place
  return undefined
}
