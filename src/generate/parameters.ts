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
    const stored = narrow ? 'bf16' : 'f32'
    const turned = !engine.placement && (narrow || (engine.name === 'xla' && engine.platform === 'cpu'))
    const array = turned ? await summedLast(engine, variable, read, stored) : undefined
    parameters[variable.name] = array ?? (await arrayFrom(engine, variable, null, read, stored))
  }
  return { engine, config, model, parameters }
}

/**
 * The array of a matrix with the dims that products sum over last; undefined where they are not one group before the others.
 * On a CPU products of few rows take two to three quarters of the time so (bench/RESULTS.md).
 */
async function summedLast(
  engine: Engine,
  variable: ParameterSpec,
  read: (name: string, shape: readonly number[]) => Promise<Float32Array>,
  dtype: WeightDType,
): Promise<DeviceArray | undefined> {
  const turnedDims = summedLastDims(variable)
  if (!turnedDims) return undefined
  const { summed, kept } = turnedDims
  const turned = transposed(await read(variable.name, variable.shape), sizeOf(summed), sizeOf(kept))
  const numbers = dtype === 'bf16' ? floatsToBf16(turned) : turned
  return DeviceArray.from(engine, numbers, [...kept, ...summed], dtype, 'parameters')
}

/** A row-major matrix [rows, columns] as [columns, rows], in blocks of which both sides stay in the cache. */
function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(data.length)
  const size = 32
  for (let top = 0; top < rows; top += size)
    for (let left = 0; left < columns; left += size) {
      const [bottom, right] = [Math.min(rows, top + size), Math.min(columns, left + size)]
      for (let column = left; column < right; column++)
        for (let row = top; row < bottom; row++) turned[column * rows + row] = data[row * columns + column]
    }
  return turned
}

function summedLastDims({ dims, summed, names }: ParameterSpec) {
  if (!summed || dims.length < 2 || names.length > 1 || !summed.every(({ name }, i) => dims[i]?.name === name))
    return undefined
  return { summed, kept: dims.slice(summed.length) }
}

/** Dims and dtype of a variable as `loadParameters` puts it on one CPU. */
export function loadedSpec(variable: ParameterSpec, dtype: WeightDType): Spec {
  const turned = summedLastDims(variable)
  const stored = dtype === 'bf16' && variable.shape.length > 1 ? 'bf16' : 'f32'
  return spec(turned ? [...turned.kept, ...turned.summed] : variable.dims, stored)
}
