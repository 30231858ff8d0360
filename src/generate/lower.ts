import type { ModelConfig } from '../config/index.js'
import { lower, type Lowered } from '../engine/index.js'
import { GptNeo, type Parameters } from '../model/index.js'
import { dim, random, spec, trace, type Spec } from '../tensor/index.js'
import { decodingFunctions } from './generate.js'
import { loadedSpec, type WeightDType } from './parameters.js'

export interface LowerDecodeOptions {
  /** Rows. @default 1 */
  readonly batch?: number
  /** Positions that the caches have room for. @default n_ctx */
  readonly capacity?: number
  /** Of weights and caches. @default 'f32' */
  readonly dtype?: WeightDType
}

/**
 * One step of greedy generation lowered for XLA on one device: a token for each row from the caches, which are donated. As
 * `generate` compiles it.
 */
export function lowerDecode(
  config: ModelConfig,
  { batch = 1, capacity = config.n_ctx, dtype = 'f32' }: LowerDecodeOptions = {},
): Lowered {
  const model = new GptNeo(dtype === 'bf16' ? { ...config, precision: 'bfloat16' } : config)
  const parameters: Parameters<Spec> = Object.fromEntries(
    model.specs.map((each) => [each.name, loadedSpec(each, dtype)]),
  )
  const rows = dim('batch', batch)
  const position = spec([], 'i32')
  const words = spec([random.SEED_WORDS], 'u32')
  const { prefill, decode } = decodingFunctions(model, batch, capacity, { temperature: 0 })
  // A prompt of one token gives the shapes of the caches.
  const { result } = trace(prefill, [parameters, spec([rows, dim('sequence', 1)], 'i32'), position, words])
  const caches = result.caches.map((cache) =>
    Object.fromEntries(Object.entries(cache).map(([name, x]) => [name, spec(x.dims, x.dtype)])),
  )
  return lower(decode, [parameters, { caches, position }, spec([rows], 'i32'), words], {
    donate: [1],
    parameterArgs: [0],
    name: 'decode',
  })
}
