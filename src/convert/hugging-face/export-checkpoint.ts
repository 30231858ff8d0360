/** A checkpoint as a Hugging Face GPT-Neo folder: what `neomesh export hf` does. */
import { findCheckpoint, openCheckpoint } from '../../checkpoint/index.js'
import { tokenizerToExport } from '../checkpoint-tokenizer.js'
import type { ConvertTotals } from '../variables.js'
import { openModel } from '../open-model.js'
import { exportHuggingFace, type ExportHuggingFaceOptions } from './export.js'

/**
 * Writes a checkpoint (or the newest one of a run) as a Hugging Face folder; optimizer slots stay behind, adapters are merged. A
 * tokenizer.json in the checkpoint is copied along unless another is given. Throws ConfigError, FileError, or the
 * signal's reason.
 */
export async function exportHf(
  path: string,
  output: string,
  options: ExportHuggingFaceOptions = {},
): Promise<ConvertTotals> {
  const checkpoint = await openCheckpoint(await findCheckpoint(path), { verify: false })
  const adapted = checkpoint.manifest.base !== undefined
  await checkpoint.close()
  const model = await openModel(path)
  try {
    const { tokenizer, notes } = await tokenizerToExport(path, checkpoint, options.tokenizer)
    const totals = await exportHuggingFace(model.read, model.config, output, {
      ...options,
      tokenizer: tokenizer ?? (adapted ? model.tokenizer : undefined),
    })
    return { ...totals, notes: [...notes, ...totals.notes] }
  } finally {
    await model.close()
  }
}
