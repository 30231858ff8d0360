import type { ModelConfig } from '../config/index.js'
import { DeviceArray } from '../engine/device-array.js'
import { floatsToBf16 } from '../engine/half.js'
import type { Engine } from '../engine/index.js'
import { GptNeo, type ParameterSpec } from '../model/index.js'
import { sizeOf, spec, type Spec } from '../tensor/index.js'
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
  for (const variable of model.specs) {
    const narrow = dtype === 'bf16' && variable.shape.length > 1
    const array = narrow && !engine.placement ? await summedLast(engine, variable, read) : undefined
    parameters[variable.name] = array ?? (await arrayFrom(engine, variable, null, read, narrow ? dtype : 'f32'))
  }
  return { engine, config, model, parameters }
}

/**
 * The array of a matrix in bf16 with the dims that products sum over last, which for one row of bf16 takes half the time
 * on a CPU; undefined where they are not one group before the others.
 */
async function summedLast(
  engine: Engine,
  variable: ParameterSpec,
  read: (name: string, shape: readonly number[]) => Promise<Float32Array>,
): Promise<DeviceArray | undefined> {
  const turnedDims = summedLastDims(variable)
  if (!turnedDims) return undefined
  const { summed, kept } = turnedDims
  const [rows, columns] = [sizeOf(summed), sizeOf(kept)]
  const data = await read(variable.name, variable.shape)
  const turned = new Float32Array(data.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[column * rows + row] = data[row * columns + column]
  return DeviceArray.from(engine, floatsToBf16(turned), [...kept, ...summed], 'bf16', 'parameters')
}

function summedLastDims({ dims, summed, names }: ParameterSpec) {
  if (!summed || names.length > 1 || !summed.every(({ name }, i) => dims[i]?.name === name)) return undefined
  return { summed, kept: dims.slice(summed.length) }
}

/** Dims and dtype of a variable as `loadParameters` puts it on one device. */
export function loadedSpec(variable: ParameterSpec, dtype: WeightDType): Spec {
  if (dtype !== 'bf16' || variable.shape.length < 2) return spec(variable.dims)
  const turned = summedLastDims(variable)
  return spec(turned ? [...turned.kept, ...turned.summed] : variable.dims, 'bf16')
}
