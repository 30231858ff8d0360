import { dim, reshape, transpose, type Tensor } from '../tensor/index.js'
import type { AttentionKind, AttentionShape, Cache, Positions, Projections } from './contract.js'
import { normal, zeros } from './initializers.js'
import { causalAndWhole } from './recurrent.js'
import { convolutionWeight, shortConvolution, tailOf } from './short-convolution.js'

export interface Convolved extends Projections {
  /** The normed stream, [batch, sequence, embd]. */
  readonly u: Tensor<'batch' | 'sequence' | 'embd'>
  readonly gate: Tensor<'batch' | 'sequence' | 'embd'>
  /** [embd, short_conv_width]; undefined if the width is 0. */
  readonly weight: Tensor | undefined
}

type Mixed = Tensor<'batch' | 'sequence' | 'embd'>

/** Bytes of a number in the cache. */
const bytesOf = (precision: string) => (precision === 'bfloat16' ? 2 : 4)

/**
 * BaseConv, a short convolution that another linear map of the same position gates, with w one filter a feature:
 *
 *   y_t = (sum over j < short_conv_width of w_j u_{t-j}) * (W u_t + b) + u_t
 *
 * It sees the last few positions only: alone a baseline; before another kind it puts neighbouring tokens into one position,
 * from which that kind then recalls. The cache is u at the positions before. Source: Arora et al. 2023, "Zoology".
 */
export const convolutionAttention: AttentionKind<Convolved, Mixed> = {
  keys: ['short_conv_width'],
  causalOnly: true,
  attendsWithinDocuments: true,
  project(at, u, { batch, sequence, embd, config }) {
    const out = dim('embd_out', embd.size)
    const initial = normal(embd.size ** -0.5)
    const wide = at.linear(u, 'gate', [embd, out], initial, [batch, sequence, out])
    const gate = wide.add(at.param('gate_bias', [out], zeros)).rename(out, embd)
    return { u, gate, weight: convolutionWeight(at, 'conv', [embd], config) }
  },
  output: (_, product) => ({ product }),
  attend: (projected, shape) => run(projected, shape, {}).output,
  prefill: (projected, lengths, _, shape) => run(projected, shape, { lengths }).cache,
  decode: (projected, cache, _, shape) => run(projected, shape, { cache }),
  extend: (projected, cache, _, length, shape) =>
    run(projected, shape, { cache, lengths: reshape<'batch'>(length, []) }),
  costs: ({ n_embd, short_conv_width: width, precision }) => ({
    keysSeen: width / 2,
    keysRecomputed: 0,
    cache: { perToken: 0, perSequence: bytesOf(precision) * n_embd * Math.max(0, width - 1) },
  }),
}

function run(
  { u, gate, weight }: Convolved,
  shape: AttentionShape,
  { cache, lengths }: { cache?: Cache; lengths?: Positions },
): { output: Mixed; cache: Cache } {
  causalAndWhole('convolution', shape)
  const { batch, sequence, embd } = shape
  const before = weight ? shape.config.short_conv_width - 1 : 0
  const tail = cache?.u_tail
  const convolved = weight ? shortConvolution(u, weight, sequence, { tail, documents: shape.packing?.documents }) : u
  const output = transpose(convolved.mul(gate).add(u), [batch, sequence, embd])
  return { output, cache: before === 0 ? {} : { u_tail: tailOf(u, sequence, before, tail, lengths) } }
}
