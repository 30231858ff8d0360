import type { ModelConfig } from '../config/index.js'
import type { DeviceArray } from '../engine/device-array.js'
import type { Engine } from '../engine/index.js'
import { GptNeo } from '../model/index.js'
import { arrayFrom } from '../train/parameters.js'
import type { LoadedModel } from './generate.js'

/** Dtype of weights and caches: `bf16` takes half of the memory. */
export type WeightDType = 'f32' | 'bf16'

/**
 * Puts a model's variables on an engine; `read` gives the f32 numbers of one, row-major, when its turn comes. With `bf16`
 * matrices are rounded to it and activations and caches are in it; gains and biases stay in f32.
 */
export async function loadParameters(
  engine: Engine,
  config: ModelConfig,
  read: (name: string, shape: readonly number[]) => Promise<Float32Array>,
  dtype: WeightDType = 'f32',
): Promise<LoadedModel> {
  if (dtype === 'bf16') config = { ...config, precision: 'bfloat16' }
  const model = new GptNeo(config, { placement: engine.placement })
  const parameters: Record<string, DeviceArray> = {}
  for (const spec of model.specs)
    parameters[spec.name] = await arrayFrom(engine, spec, null, read, spec.shape.length > 1 ? dtype : 'f32')
  return { engine, config, model, parameters }
}
