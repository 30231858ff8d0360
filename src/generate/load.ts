import { openModel, type OpenModelOptions } from '../convert/index.js'
import type { Engine } from '../engine/index.js'
import type { LoadedModel } from './generate.js'
import { loadParameters, type WeightDType } from './parameters.js'

/** A model from a checkpoint, with its source. */
export interface ModelFromCheckpoint extends LoadedModel {
  readonly folder: string
  /** Training steps so far; 0 for an imported model. */
  readonly step: number
  /** sha256 of its data's tokenizer.json, if known. */
  readonly tokenizerHash?: string
  /** Messages for people, such as unused tensors. */
  readonly notes?: readonly string[]
}

export interface LoadOptions extends Pick<OpenModelOptions, 'adapter'> {
  /** Of weights and caches. @default f32, with activations as the config has them */
  readonly dtype?: WeightDType
}

/**
 * Loads a model to sample from: a checkpoint folder, a run's newest, a folder with a Hugging Face GPT-Neo, or a TensorFlow
 * checkpoint of the original. Throws FileError, ConfigError.
 * @param options the adapter to merge into it, from a run, a checkpoint or a PEFT folder; false for none
 */
export async function loadModel(
  engine: Engine,
  path: string,
  { dtype, ...options }: LoadOptions = {},
): Promise<ModelFromCheckpoint> {
  const source = await openModel(path, options)
  try {
    const { config, folder, step, tokenizerHash, notes } = source
    const loaded = await loadParameters(engine, config, source.read, dtype)
    return { ...loaded, folder, step, tokenizerHash, ...(notes.length > 0 && { notes }) }
  } finally {
    await source.close()
  }
}
