import { range, reshape, transpose, where, zeros, type Dim, type Tensor } from '../tensor/index.js'
import type {
  AttentionConfig,
  AttentionCosts,
  AttentionKind,
  AttentionShape,
  Cache,
  Positions,
  Projections,
} from './contract.js'
import { chunkedRecurrence, type Recurrence } from './kernels/chunked-recurrence.js'
import { silu } from './norms-and-gates.js'
import { shortConvolution, tailOf } from './short-convolution.js'
import type { StateDims } from './state-size.js'

/** What a recurrence has read of its states, [batch, sequence, heads, values]. */
export type RecurrentOutput = Tensor<'batch' | 'sequence' | 'heads' | 'value_features'>

/** What is known of earlier positions: their last few, and which are of the same document. */
export interface Past {
  readonly tail?: Tensor
  readonly documents?: Tensor
}

/** A kind that is a recurrence over a state [keys, values] of each head, but for how it is trained and decoded. */
export interface RecurrentMembers<P extends Projections> extends Pick<
  AttentionKind<P, RecurrentOutput>,
  'keys' | 'output' | 'hints'
> {
  project: NonNullable<AttentionKind<P, RecurrentOutput>['project']>
  /** Features of a head's keys and values, which are the dims `key_features` and `value_features`. */
  state(config: AttentionConfig): StateDims
  /** Projections of which a position needs earlier ones, and how many. */
  tails?(projected: P): { readonly [name: string]: number }
  /** The projections with what each position needs of the earlier ones. `past` has that of each of `tails`. */
  mix?(projected: P, past: (name: string) => Past, shape: AttentionShape): P
  recurrence(projected: P, shape: AttentionShape): Recurrence
  /** What the layer does with what was read of the states: norms and gates. */
  finish(read: RecurrentOutput, projected: P, shape: AttentionShape): Tensor
  costs(config: AttentionConfig): AttentionCosts
}

/**
 * The kind: at once, for prompts and token by token one computation, in chunks, that begins with another state. Its cache is
 * the state, f32, and the tails. Rows of several documents begin anew with each.
 */
export function recurrentKind<P extends Projections>(
  name: string,
  members: RecurrentMembers<P>,
): AttentionKind<P, RecurrentOutput> {
  const run = (projected: P, shape: AttentionShape, from: { cache?: Cache; lengths?: Positions } = {}) => {
    causalAndWhole(name, shape)
    const { cache, lengths } = from
    const { batch, sequence, heads } = shape
    const documents = shape.packing?.documents
    const past = (name: string): Past => ({ tail: cache?.[tailName(name)], documents })
    const mixed = members.mix?.(projected, past, shape) ?? projected
    const { keys, values } = members.state(shape.config)
    const all = members.recurrence(mixed, shape)
    const { output, state } = chunkedRecurrence(
      { ...(lengths ? withoutPadding(all, sequence, lengths) : all), documents },
      cache?.state ?? zeros([batch, heads, keys, values]),
      { batchDims: [batch, heads], positions: sequence, keys, values },
    )
    const read: RecurrentOutput = transpose(output, [batch, sequence, heads, values])
    const tails = Object.entries(members.tails?.(projected) ?? {}).map(([name, size]): [string, Tensor] => [
      tailName(name),
      tailOf(projected[name]!, sequence, size, past(name).tail, lengths),
    ])
    const finished: RecurrentOutput = members.finish(read, mixed, shape).cast(shape.compute)
    const kept: Cache = { state, ...Object.fromEntries(tails) }
    return { output: finished, cache: kept }
  }
  return {
    keys: members.keys,
    causalOnly: true,
    attendsWithinDocuments: true,
    project: members.project,
    output: members.output,
    ...(members.hints && { hints: members.hints }),
    costs: members.costs,
    attend: (projected, shape) => run(projected, shape).output,
    prefill: (projected, lengths, _, shape) => run(projected, shape, { lengths }).cache,
    decode: (projected, cache, _, shape) => run(projected, shape, { cache }),
    extend: (projected, cache, _, length, shape) =>
      run(projected, shape, { cache, lengths: reshape<'batch'>(length, []) }),
  }
}

const tailName = (name: string) => `${name}_tail`

/** A short convolution and SiLU over each of these projections that has a weight `NAME_conv`, and perhaps `NAME_conv_bias`. */
export function convolved<P extends Projections>(names: readonly string[]) {
  const has = (projected: P) => names.filter((name) => projected[`${name}_conv`])
  const widthOf = (weight: Tensor) => weight.dims.find(({ name }) => name === 'short_conv_width')!.size
  return {
    tails: (projected: P) =>
      Object.fromEntries(has(projected).map((name) => [name, widthOf(projected[`${name}_conv`]!) - 1])),
    mix(projected: P, past: (name: string) => Past, { sequence }: AttentionShape): P {
      const through = names.map((name): [string, Tensor] => {
        const weight = projected[`${name}_conv`]
        const y = weight ? shortConvolution(projected[name]!, weight, sequence, past(name)) : projected[name]!
        const bias = projected[`${name}_conv_bias`]
        return [name, silu(bias ? y.add(bias) : y)]
      })
      const mixed: { [name: string]: Tensor } = Object.fromEntries(through)
      return { ...projected, ...mixed }
    },
  }
}

/** Padding changes no state: it neither writes nor fades. */
function withoutPadding({ q, k, v, decay, erase }: Recurrence, sequence: Dim, lengths: Positions): Recurrence {
  const valid = range(sequence).less(lengths)
  const kept = (x: Tensor): Tensor => where(valid, x, 0)
  return {
    q,
    k: kept(k),
    v,
    ...(decay && { decay: kept(decay) }),
    ...(erase && { erase: { read: kept(erase.read), ...(erase.write && { write: kept(erase.write) }) } }),
  }
}

/** Throws RangeError where the kind would have to see later positions, or those of other devices. */
export function causalAndWhole(name: string, { causal, sequence, parts }: AttentionShape): void {
  if (!causal)
    throw new RangeError(
      `attention_types: ${name} sees earlier positions only, and mlm_training needs both sides. Use global, local or linear.`,
    )
  if (parts(sequence.name) > 1)
    throw new RangeError(
      `layout: ${name} attention needs a whole sequence on each device (got ${parts(sequence.name)} parts). ` +
        'Split batch or heads instead.',
    )
}
