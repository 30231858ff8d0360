/** A Hugging Face GPT-Neo folder as a checkpoint: what `neomesh import hf` does. */
import { notesOfTokenizer } from '../../tokenizer/index.js'
import { sumOfElements, withProgress, type ConvertOptions, type ConvertTotals } from '../variables.js'
import { tokenizerIn, writeCheckpoint } from '../write-checkpoint.js'
import { endOfTextOf } from './end-of-text.js'
import { openHuggingFace } from './open.js'

/**
 * Writes a Hugging Face GPT-Neo folder as a checkpoint of ours, with its tokenizer. Nothing is left after a failure.
 * Throws ConfigError, FileError, or the signal's reason.
 */
export async function importHf(folder: string, output: string, options: ConvertOptions = {}): Promise<ConvertTotals> {
  const source = await openHuggingFace(folder)
  try {
    const { variables } = source
    const eosId = await endOfTextOf(folder, source.config.n_vocab)
    const config = eosId === undefined ? source.config : { ...source.config, eos_id: eosId }
    const tokenizer = await tokenizerIn(folder)
    await writeCheckpoint(output, withProgress(variables, options), { config, step: 0, tokens: 0, tokenizer })
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
