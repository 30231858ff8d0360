import { cast, dim, literal, range, reshape, sin, slice, type Tensor } from '../tensor/index.js'
import { wholeSequence } from '../attention/index.js'
import { gelu } from './activations.js'
import { kernelScale } from './feed-forward.js'
import type { Hidden, Model } from './dims.js'
import { norm } from './norm.js'
import { zeros, type Scope } from './scope.js'

/**
 * What stands in the place of each position's hidden state in an auto-encoder: a function of the last position's state and of
 * the position alone, so that all that is known of the sequence went through one vector. x [batch, sequence, embd] -> the
 * same dims: sinusoidal positions are added to the last state, then norm, linear layer and GELU twice, without expansion.
 * Source: Poli et al. 2024, "Mechanistic Design and Scaling of Hybrid Architectures" (mad-lab mad/model/auto_encoder.py).
 */
export function reconstruct(at: Scope, x: Hidden, model: Model): Hidden {
  const { batch, sequence, embd } = model
  wholeSequence('auto_encoder', model, 'batch')
  if (model.packing) throw new RangeError('auto_encoder needs one text in a row (got rows of several documents)')
  const last = reshape(slice(x, sequence, sequence.size - 1, 1), [batch, embd])
  let h = last.add(cast(sinusoids(model), x.dtype)) as Hidden
  for (const part of ['0', '1']) {
    const layer = at.in(part)
    const to = dim('decoder', embd.size)
    const normed = norm(layer.in('norm'), h, model)
    const linear = layer.linear(normed, 'kernel', [embd, to], kernelScale(model, embd), [batch, sequence, to])
    h = gelu(linear.add(layer.param('bias', [to], zeros))).rename(to, embd)
  }
  return h
}

/**
 * Of n features the first half sin(p 10000^(-i / (n / 2 - 1))) at position p, the second half cos of the same, an odd last one 0:
 * f32 [sequence, embd].
 */
function sinusoids({ sequence, embd }: Model): Tensor<'sequence' | 'embd'> {
  const half = Math.floor(embd.size / 2)
  const isLast = (i: number) => i === 2 * half
  const of = (value: (i: number) => number) =>
    literal(
      [embd],
      Array.from({ length: embd.size }, (_, i) => value(i)),
    )
  const rates = of((i) => (isLast(i) ? 0 : 10_000 ** (-(i % half) / Math.max(1, half - 1))))
  const phases = of((i) => (i < half || isLast(i) ? 0 : Math.PI / 2))
  return sin(cast(range(sequence), 'f32').mul(rates).add(phases))
}
