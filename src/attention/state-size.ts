import { dim, type Dim, type Tensor } from '../tensor/index.js'
import {
  headFeatures,
  type AttentionConfig,
  type AttentionCosts,
  type AttentionResult,
  type AttentionShape,
  type ParameterScope,
} from './contract.js'
import { normal } from './initializers.js'

/** Features of a head's keys and values in a kind whose state is [keys, values] a head. */
export interface StateSize {
  readonly keys: number
  readonly values: number
}

type Sized = Pick<AttentionConfig, 'n_embd' | 'n_head' | 'head_dim' | 'state_key_size' | 'state_value_size'>

/** `state_key_size` and `state_value_size`; without them these multiples of a head's features. */
export const stateSize =
  (keys: number, values: number) =>
  (config: Sized): StateSize => {
    const { state_key_size, state_value_size } = config
    const part = (times: number) => Math.max(1, Math.round(times * headFeatures(config)))
    return { keys: state_key_size ?? part(keys), values: state_value_size ?? part(values) }
  }

export interface StateDims {
  readonly keys: Dim<'key_features'>
  readonly values: Dim<'value_features'>
}
export const stateDims = ({ keys, values }: StateSize): StateDims => ({
  keys: dim('key_features', keys),
  values: dim('value_features', values),
})

/** Linear in x [batch, sequence, embd], to features of every head. */
export function toHeads<N extends string>(
  at: ParameterScope,
  x: Tensor,
  name: string,
  features: Dim<N>,
  { batch, sequence, heads, embd }: AttentionShape,
): Tensor<'batch' | 'sequence' | 'heads' | N> {
  const dims: readonly Dim[] = [embd, heads, features]
  const to: readonly Dim<'batch' | 'sequence' | 'heads' | N>[] = [batch, sequence, heads, features]
  return at.linear(x, name, dims, normal(embd.size ** -0.5), to, [heads, features])
}

/** Linear in x, one number a head. */
export function toEachHead(at: ParameterScope, x: Tensor, name: string, shape: AttentionShape): Tensor {
  const { batch, sequence, heads, embd } = shape
  return at.linear(x, name, [embd, heads], normal(embd.size ** -0.5), [batch, sequence, heads])
}

/** Linear in the values of all heads, without bias. */
export function fromHeads(
  at: ParameterScope,
  read: Tensor,
  values: Dim,
  { batch, sequence, heads, embd }: AttentionShape,
): AttentionResult {
  const initial = normal((heads.size * values.size) ** -0.5)
  return { product: at.linear(read, 'o', [heads, values, embd], initial, [batch, sequence, embd], [heads, values]) }
}

/**
 * Costs of a recurrence: a token reads its query and writes its key and value, with `erase` reads its key too, each 2 flops
 * for each element of a state. A sequence keeps the state in f32, and `tail` numbers before short convolutions.
 */
export function stateCosts(
  config: AttentionConfig,
  { keys, values }: StateSize,
  { erase = false, tail = 0 }: { erase?: boolean; tail?: number },
): AttentionCosts {
  const { n_head, precision } = config
  const elements = n_head * keys * values
  const bytes = precision === 'bfloat16' ? 2 : 4
  return {
    keysSeen: ((erase ? 6 : 4) * elements) / (4 * n_head * headFeatures(config)),
    keysRecomputed: 0,
    cache: { perToken: 0, perSequence: 4 * elements + bytes * tail },
  }
}

/** Linear in x through `rank` numbers, to features of every head. */
export function throughRank(
  at: ParameterScope,
  x: Tensor,
  name: string,
  rank: number,
  features: Dim,
  { batch, sequence, heads, embd }: AttentionShape,
): Tensor {
  const low = dim('low_rank', rank)
  const down = at.linear(x, `${name}_down`, [embd, low], normal(embd.size ** -0.5), [batch, sequence, low])
  const dims: readonly Dim[] = [low, heads, features]
  return at.linear(
    down,
    `${name}_up`,
    dims,
    normal(rank ** -0.5),
    [batch, sequence, heads, features],
    [heads, features],
  )
}
