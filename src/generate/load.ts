import type { Engine } from '../engine/index.js'
import { findCheckpoint, openCheckpoint } from '../train/index.js'
import type { LoadedModel } from './generate.js'
import { loadParameters } from './parameters.js'

/** A model from a checkpoint, and where it came from. */
export interface ModelFromCheckpoint extends LoadedModel {
  readonly folder: string
  /** Training steps that it has seen. */
  readonly step: number
  /** sha256 of the tokenizer.json of its data, if known. */
  readonly tokenizerHash?: string
}

/** Loads a model to sample from: a checkpoint folder, or a run's newest. Throws FileError. */
export async function loadModel(engine: Engine, path: string): Promise<ModelFromCheckpoint> {
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
