import {
  and,
  cast,
  compare,
  dim,
  type Dim,
  einsum,
  maxForExp,
  pick,
  range,
  reshape,
  scan,
  type Tensor,
  transpose,
  type Value,
  where,
  withGradient,
  zeros,
} from '../../tensor/index.js'
import type { HiddenNames, Model } from '../dims.js'
import { chunkTokens } from './token-chunks.js'

/** Logits held at a time: 64 MB of f32. */
const CHUNK_ELEMENTS = 16 * 2 ** 20
/** Logit of padding entries of the vocabulary: finite, so that its square is too. */
const PADDING_LOGIT = -1e30
/** Label of tokens that do not count, such as the padding of the last chunk. */
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
  const { batch, sequence, embd, vocab, vocabSize, config } = model
  const tokens = batch.size * sequence.size
  const chunked = chunkTokens(model, CHUNK_ELEMENTS)
  const { chunks, sequence: part } = chunked
  const cut = (h: Tensor, ids: Tensor) => ({ h: chunked.cut(h, [embd]), ids: chunked.cut(ids, [], NO_TOKEN) })
  /** The sums of a chunk, and what their gradient is made of. */
  const forward = (h: Tensor, w: Tensor, ids: Tensor) => {
    const logits = maskPadding(cast(einsum([h, w], [batch, part, vocab]), 'f32') as Tensor, model)
    const top = maxForExp(logits, vocab)
    const exps = logits.sub(top).exp()
    const total = exps.sum(vocab)
    const z = total.log().add(top)
    const counts = cast(compare(ids, 'NE', NO_TOKEN), 'f32').mul(1 / tokens)
    const known = and(compare(ids, 'GE', 0), compare(ids, 'LT', vocabSize))
    const entropy = where(known, z.sub(pick(logits, vocab, ids)), 0).mul(counts)
    const loss = entropy.add(z.square().mul(config.z_loss).mul(counts))
    return { exps, total, z, counts, known, sums: [loss.sum(batch, part), entropy.sum(batch, part)] as Tensor[] }
  }
  const addTo = (sums: readonly Tensor[], more: readonly Tensor[]) => sums.map((sum, i) => sum.add(more[i]))

  const run = withGradient(
    'cross_entropy',
    {
      forward([h, w, ids]) {
        const narrow = cast(w, h.dtype)
        const { shares, apart } = sharesOf(model, part)
        const [[sums, dw], dh] = scan(
          chunks,
          [[zeros([]), zeros([])] as Tensor[], zeros([...shares, embd, vocab]) as Tensor] as const,
          cut(h, ids),
          ([sums, dw], at) => {
            const { exps, total, z, counts, known, sums: more } = forward(at.h, narrow, at.ids)
            // d(z - logits[label])/dlogits = softmax - onehot, and d(z^2)/dlogits = 2 z softmax.
            const weight = where(known, 1, 0)
              .add(z.mul(2 * config.z_loss))
              .mul(counts)
            const soft = exps.mul(weight.div(total))
            const dlogits = cast(where(compare(at.ids, 'EQ', range(vocab)), soft.sub(counts), soft), h.dtype) as Tensor
            const product = einsum([apart(at.h, embd), apart(dlogits, vocab)], [...shares, embd, vocab])
            return [
              [addTo(sums, more), dw.add(cast(product, 'f32'))] as const,
              einsum([dlogits, narrow], [batch, part, embd]) as Tensor,
            ] as const
          },
        )
        const dx = chunked.join(dh, [embd])
        // Summed the way the products come out, and turned once.
        return [sums, [dx, transpose(shares.length > 0 ? (dw.sum(...shares) as Tensor) : dw, [vocab, embd])]]
      },
      backward: ([dx, dw], [grad]) => [dx.mul(cast(grad, dx.dtype)), dw.mul(grad), null],
    },
    ([h, w, ids]) => {
      const narrow = cast(w, h.dtype)
      const [sums] = scan(
        chunks,
        [zeros([]), zeros([])] as Tensor[],
        cut(h, ids),
        (sums, at) => [addTo(sums, forward(at.h, narrow, at.ids).sums), []] as const,
      )
      return sums
    },
  )
  const [loss, entropy] = run([x, table, labels]) as readonly Value[] as readonly Tensor<never>[]
  return { loss, crossEntropy: entropy }
}

/**
 * Dims for the shares that a mesh splits a chunk's tokens into (none without a split): each share accumulates its part of
 * the table's gradient, and the parts are summed once, after the last chunk, not after each.
 */
function sharesOf({ batch, parts }: Model, part: Dim) {
  const cut = [batch, part].map((all) => {
    const count = all.size % parts(all.name) === 0 ? parts(all.name) : 1
    return { all, share: dim(all.name, count), rest: dim(`${all.name}_share`, all.size / count) }
  })
  const shares = cut.filter(({ share }) => share.size > 1).map(({ share }) => share)
  const dims = cut.flatMap(({ all, share, rest }) => (share.size > 1 ? [share, rest] : [all]))
  return { shares, apart: (x: Tensor, last: Dim): Tensor => reshape(x, [...dims, last]) as Tensor }
}

/** Logits with padding entries of the vocabulary masked: their softmax is 0. */
export function maskPadding(logits: Tensor, { vocab, vocabSize }: Model): Tensor {
  return vocabSize === vocab.size
    ? logits
    : (where(compare(range(vocab), 'LT', vocabSize), logits, PADDING_LOGIT) as Tensor)
}
