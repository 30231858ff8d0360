import type { ModelConfig } from '../config/index.js'
import type { DeviceArray } from '../engine/device-array.js'
import type { Engine } from '../engine/index.js'
import { GptNeo } from '../model/index.js'
import { arrayFrom } from '../train/parameters.js'
import type { LoadedModel } from './generate.js'

/** Puts a model's variables on an engine; `read` gives the f32 numbers of one, row-major, when its turn comes. */
export async function loadParameters(
  engine: Engine,
  config: ModelConfig,
  read: (name: string, shape: readonly number[]) => Promise<Float32Array>,
): Promise<LoadedModel> {
  const model = new GptNeo(config, { placement: engine.placement })
  const parameters: Record<string, DeviceArray> = {}
  for (const spec of model.specs) parameters[spec.name] = await arrayFrom(engine, spec, null, read)
  return { engine, config, model, parameters }
}
