import { DeviceArray, jit } from '../engine/index.js'
import type { LoadedModel } from '../generate/index.js'
import type { Parameters } from '../model/index.js'
import type { Tensor } from '../tensor/index.js'
import { uploadIds } from './text-ids.js'

/** The states of a model's recurrent layers after each token of a text. */
export interface RecurrentStates {
  readonly length: number
  /** By layer: the size of its states; null for a layer without a state of each head, such as global attention. */
  readonly layers: readonly StateLayer[]
  /** The state [keys, values] of a head after `tokens` tokens, row-major; zeros after none. Throws RangeError. */
  of(layer: number, head: number, tokens: number): Float32Array
}

export type StateLayer = {
  readonly kind: string
  readonly heads: number
  readonly keys: number
  readonly values: number
} | null

/**
 * Runs a model on every beginning of a text, and returns what its recurrent layers hold then: the decoding state of each
 * head, as generation keeps it. Throws RangeError for a text longer than the context.
 */
export async function recurrentStates(loaded: LoadedModel, ids: ArrayLike<number>): Promise<RecurrentStates> {
  const { engine, model, parameters } = loaded
  const { length, kinds, given } = uploadIds(loaded, ids)
  const sizes: StateLayer[] = kinds.map(() => null)
  const after = jit(
    engine,
    (values: Parameters, given: Tensor<'batch' | 'sequence'>, tokens: Tensor<'batch'>) => {
      const { caches } = model.prefill(values, given, tokens, length)
      const states = caches.flatMap(({ state }, layer): [string, Tensor][] => {
        const sizeOf = (name: string) => state?.dims.find((each) => each.name === name)?.size
        const [heads, keys, width] = ['heads', 'key_features', 'value_features'].map(sizeOf)
        if (heads === undefined || keys === undefined || width === undefined) return []
        sizes[layer] = { kind: kinds[layer], heads, keys, values: width }
        return [[String(layer), state]]
      })
      return Object.fromEntries(states)
    },
    { name: 'recurrent_states' },
  )
  const steps: Record<string, Float32Array>[] = []
  for (let tokens = 1; tokens <= length; tokens++) {
    const count = DeviceArray.from(engine, Int32Array.of(tokens), [], 'i32')
    const arrays = await after(parameters, given, count)
    const read = Object.entries(arrays).map(async ([layer, array]) => [layer, await array.readFloats()] as const)
    steps.push(Object.fromEntries(await Promise.all(read)))
    for (const array of [count, ...Object.values(arrays)]) array.dispose()
  }
  given.dispose()
  after.dispose()

  return {
    length,
    layers: sizes,
    of(layer, head, tokens) {
      const size = sizes[layer]
      if (!size) throw new RangeError(`layer ${layer} must keep a state (got ${kinds[layer] ?? 'no such layer'})`)
      if (!(head >= 0 && head < size.heads)) throw new RangeError(`head must be 0 to ${size.heads - 1} (got ${head})`)
      if (!(tokens >= 0 && tokens <= length)) throw new RangeError(`tokens must be 0 to ${length} (got ${tokens})`)
      const count = size.keys * size.values
      if (tokens === 0) return new Float32Array(count)
      return steps[tokens - 1][layer].slice(head * count, (head + 1) * count)
    },
  }
}
