import {
  cast,
  dim,
  type Dim,
  einsum,
  maxForExp,
  maximum,
  pick,
  range,
  relu,
  scan,
  stopGradient,
  type Tensor,
  type Value,
  where,
  withGradient,
  zeros,
} from '../../tensor/index.js'
import type { Model } from '../dims.js'
import { maskPadding } from '../kernels/cross-entropy.js'
import { chunkTokens } from '../kernels/token-chunks.js'
import type { Head, Labels, LossParts } from './head.js'

const ALPHA = 1.3
const STEPS = 50
/** Logits held at a time, as in loss.ts. */
const CHUNK_ELEMENTS = 8 * 2 ** 20
/** The smallest probability that a label is given in the loss; entmax gives most tokens none. */
const LEAST = 1e-30

/**
 * Mean of -log entmax(logits)[label], alpha 1.3, over all tokens. There is no z-loss. The original's is NaN as soon
 * as any token of the vocabulary has probability 0, since it multiplies log 0 by 0. Logits are made for some tokens
 * at a time, and again for the gradient. Source: gpt-neo models/utils.py (entmax_cross_entropy_with_logits).
 */
export function entmaxLoss({ x, table, bias }: Head, labels: Labels, model: Model): LossParts {
  const { batch, sequence, embd, vocab, vocabSize, original } = model
  const chunked = chunkTokens(model, CHUNK_ELEMENTS)
  const { chunks, sequence: part } = chunked
  // -1 is outside of every vocabulary: it counts for nothing.
  const cut = { h: chunked.cut(x, [embd]), ids: chunked.cut(labels, [], -1) }
  const narrow = cast(table, x.dtype)
  const [sum] = scan(
    chunks,
    zeros([]) as Tensor,
    cut,
    (total, { h, ids }) => {
      const product = cast(einsum([h, narrow], [batch, part, vocab]), 'f32') as Tensor
      const p = entmax(maskPadding(bias ? product.add(bias) : product, model), vocab)
      const known = ids.greaterEqual(0)
      const given = pick(p, vocab, ids)
      // 0 log 0 of any token is NaN in the original.
      const entropy = original
        ? given
            .log()
            .neg()
            .mul(where(where(range(vocab).less(vocabSize), p, 1).min(vocab).greater(0), 1, NaN) as Tensor)
        : maximum(given, LEAST).log().neg()
      const inside = ids.less(vocabSize)
      return [total.add(where(known, where(inside, entropy as Tensor, 0), 0).sum(batch, part)) as Tensor, []] as const
    },
    { keep: 'nothing' },
  )
  const loss = sum.mul(1 / (batch.size * sequence.size)) as Value as Tensor<never>
  return { loss, crossEntropy: stopGradient(loss) }
}

/**
 * The sparse relative of softmax, p_i = max(0, (alpha - 1) x_i - tau)^(1 / (alpha - 1)) with tau such that they sum
 * to 1, found by bisection. Gradient: with s = p^(2 - alpha) where p > 0, s g - s sum(s g) / sum(s).
 * Source: Peters et al. 2019, "Sparse Sequence-to-Sequence Models"; gpt-neo models/utils.py (entmax).
 */
export function entmax(x: Tensor, along: Dim): Tensor {
  const forward = (input: Tensor): Tensor => {
    const scaled = input.mul(ALPHA - 1)
    const top = maxForExp(scaled, along)
    const low = top.sub(1)
    const widest = 1 - (1 / along.size) ** (ALPHA - 1)
    const p = (tau: Tensor) => powered(relu(scaled.sub(tau)), 1 / (ALPHA - 1))
    const steps = dim('bisections', STEPS)
    const [{ tau, step }] = scan(steps, { tau: low, step: low.mul(0).add(widest) }, {}, (at) => {
      const half = at.step.mul(0.5)
      const middle = at.tau.add(half)
      // The sum falls with tau and is above 1 at `low`.
      const above = p(middle).sum(along).greaterEqual(1)
      return [{ tau: where(above, middle, at.tau), step: half }, []] as const
    })
    const found = p(tau.add(step))
    return found.div(found.sum(along))
  }
  const [y] = withGradient(
    'entmax',
    {
      forward: ([input]) => {
        const result = forward(input)
        return [[result], [result]]
      },
      backward: ([p], [grad]) => {
        const slope = powered(p, 2 - ALPHA)
        const weighted = grad.mul(slope)
        return [weighted.sub(slope.mul(weighted.sum(along).div(slope.sum(along))))]
      },
    },
    ([input]) => [forward(input)],
  )([x])
  return y
}

/** x^exponent for x >= 0, 0 at 0. */
function powered(x: Tensor, exponent: number): Tensor {
  return where(x.greater(0), maximum(x, 1e-37).log().mul(exponent).exp(), 0)
}
