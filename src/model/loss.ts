import {
  and,
  cast,
  compare,
  dim,
  einsum,
  pad,
  pick,
  range,
  reshape,
  scan,
  slice,
  transpose,
  withGradient,
  where,
  zeros,
  type Tensor,
  type Value,
} from '../tensor/index.js'
import type { HiddenNames, Model } from './dims.js'

/** Logits held at a time: 64 MB of f32. */
const CHUNK_ELEMENTS = 16 * 2 ** 20
/** Label of tokens that count for nothing, as of those that fill the last chunk up. */
export const NO_TOKEN = -0x80000000

/**
 * Cross entropy of next tokens from the last hidden states, without ever holding the logits of all tokens: they are made
 * for some tokens at a time, and where a gradient is asked for, used for it at once.
 * x [batch, sequence, embd] in the compute dtype; table [vocab, embd] f32, cast to that; labels i32 [batch, sequence].
 * Per token, with z = logsumexp(logits): z - logits[label] + z_loss z^2. A label outside the vocabulary (GPT-Neo's padding
 * id) leaves only the last term. Means over all tokens, f32: `loss`, and without the last term `crossEntropy`, which has no
 * gradient. Source: Mesh TensorFlow layers.py (softmax_cross_entropy_with_logits).
 */
export function crossEntropy(
  x: Tensor<HiddenNames>,
  table: Tensor<'vocab' | 'embd'>,
  labels: Tensor<'batch' | 'sequence'>,
  model: Model,
): { loss: Tensor<never>; crossEntropy: Tensor<never> } {
  const { batch, sequence, embd, vocab, config } = model
  const tokens = batch.size * sequence.size
  const chunk = dim('chunk_tokens', chunkSize(tokens, vocab.size))
  const chunks = dim('chunks', Math.ceil(tokens / chunk.size))
  const flat = dim('tokens', tokens)
  const filled = dim('tokens', chunks.size * chunk.size)

  const cut = (h: Tensor, ids: Tensor) => ({
    h: reshape(pad(reshape(h, [flat, embd]), flat, 0, filled.size - tokens), [chunks, chunk, embd]) as Tensor,
    ids: reshape(pad(reshape(ids, [flat]), flat, 0, filled.size - tokens, NO_TOKEN), [chunks, chunk]) as Tensor,
  })
  /** The sums of a chunk, and what their gradient is made of. */
  const forward = (h: Tensor, w: Tensor, ids: Tensor) => {
    const logits = cast(einsum([h, w], [chunk, vocab]), 'f32') as Tensor
    const top = logits.max(vocab)
    const exps = logits.sub(top).exp()
    const total = exps.sum(vocab)
    const z = total.log().add(top)
    const counts = cast(compare(ids, 'NE', NO_TOKEN), 'f32').mul(1 / tokens)
    const known = and(compare(ids, 'GE', 0), compare(ids, 'LT', vocab.size))
    const entropy = where(known, z.sub(pick(logits, vocab, ids)), 0).mul(counts)
    const loss = entropy.add(z.square().mul(config.z_loss).mul(counts))
    return { exps, total, z, counts, known, sums: [loss.sum(chunk), entropy.sum(chunk)] as Tensor[] }
  }
  const addTo = (sums: readonly Tensor[], more: readonly Tensor[]) => sums.map((sum, i) => sum.add(more[i]))

  const run = withGradient(
    'cross_entropy',
    {
      forward([h, w, ids]) {
        const narrow = cast(w, h.dtype)
        const [[sums, dw], dh] = scan(
          chunks,
          [[zeros([]), zeros([])] as Tensor[], zeros([embd, vocab]) as Tensor] as const,
          cut(h, ids),
          ([sums, dw], part) => {
            const { exps, total, z, counts, known, sums: more } = forward(part.h, narrow, part.ids)
            // d(z - logits[label])/dlogits = softmax - onehot, and d(z^2)/dlogits = 2 z softmax.
            const weight = where(known, 1, 0)
              .add(z.mul(2 * config.z_loss))
              .mul(counts)
            const soft = exps.mul(weight.div(total))
            const dlogits = cast(
              where(compare(part.ids, 'EQ', range(vocab)), soft.sub(counts), soft),
              h.dtype,
            ) as Tensor
            return [
              [addTo(sums, more), dw.add(cast(einsum([part.h, dlogits], [embd, vocab]), 'f32'))] as const,
              einsum([dlogits, narrow], [chunk, embd]) as Tensor,
            ] as const
          },
        )
        const dx = reshape(slice(reshape(dh, [filled, embd]), filled, 0, tokens), [batch, sequence, embd])
        // Summed the way the products come out, and turned once.
        return [sums, [dx, transpose(dw, [vocab, embd])]]
      },
      backward: ([dx, dw], [grad]) => [dx.mul(cast(grad, dx.dtype)), dw.mul(grad), null],
    },
    ([h, w, ids]) => {
      const narrow = cast(w, h.dtype)
      const [sums] = scan(
        chunks,
        [zeros([]), zeros([])] as Tensor[],
        cut(h, ids),
        (sums, part) => [addTo(sums, forward(part.h, narrow, part.ids).sums), []] as const,
      )
      return sums
    },
  )
  const [loss, entropy] = run([x, table, labels]) as readonly Value[] as readonly Tensor<never>[]
  return { loss, crossEntropy: entropy }
}

/** The largest chunk within the limit that cuts the tokens evenly, unless that is small. */
function chunkSize(tokens: number, vocabulary: number): number {
  const limit = Math.min(tokens, Math.max(1, Math.floor(CHUNK_ELEMENTS / vocabulary)))
  for (let size = limit; size > limit / 2; size--) if (tokens % size === 0) return size
  return Math.ceil(tokens / Math.ceil(tokens / limit))
}
