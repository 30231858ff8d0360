import { endOfTextOf, openHuggingFace } from '../convert/index.js'
import type { Engine } from '../engine/index.js'
import { isFile, join, readJson } from '../files/index.js'
import { findCheckpoint, openCheckpoint } from '../train/index.js'
import type { LoadedModel } from './generate.js'
import { loadParameters } from './parameters.js'

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

/**
 * Loads a model to sample from: a checkpoint folder, a run's newest, or a folder with a Hugging Face GPT-Neo. Throws
 * FileError, ConfigError.
 */
export async function loadModel(engine: Engine, path: string): Promise<ModelFromCheckpoint> {
  if (await isHuggingFace(path)) return loadHuggingFace(engine, path)
  const folder = await findCheckpoint(path)
  const checkpoint = await openCheckpoint(folder)
  try {
    const { config, manifest, read } = checkpoint
    const loaded = await loadParameters(engine, config, read)
    return { ...loaded, folder, step: manifest.step, tokenizerHash: manifest.tokenizer }
  } finally {
    await checkpoint.close()
  }
}

/** Only a Hugging Face config.json has `model_type`. */
async function isHuggingFace(path: string): Promise<boolean> {
  const file = join(path, 'config.json')
  if (!(await isFile(file)) || (await isFile(join(path, 'manifest.json')))) return false
  const json = await readJson(file).catch(() => null)
  return typeof json === 'object' && json !== null && 'model_type' in json
}

async function loadHuggingFace(engine: Engine, folder: string): Promise<ModelFromCheckpoint> {
  const source = await openHuggingFace(folder)
  try {
    const { variables, notes } = source
    const eosId = await endOfTextOf(folder, source.config.n_vocab)
    const config = eosId === undefined ? source.config : { ...source.config, eos_id: eosId }
    const byName = new Map(variables.map((variable) => [variable.name, variable]))
    const loaded = await loadParameters(engine, config, (name) => byName.get(name)!.data())
    return { ...loaded, folder, step: 0, notes }
  } finally {
    await source.close()
  }
}
