import {
  and,
  cast,
  compare,
  dim,
  type Dim,
  einsum,
  embed,
  maxForExp,
  pick,
  range,
  reshape,
  scan,
  stopGradient,
  take,
  type Tensor,
  total,
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
  const whole = DIMS.every((name) => model.parts(name) === 1)
  // Without rounding, a label's logit may as well be a product of its own: then no pass over all logits is for labels.
  const apartLabels = whole && x.dtype === 'f32'
  /** The sums of a chunk, and what their gradient is made of. */
  const forward = (h: Tensor, w: Tensor, ids: Tensor) => {
    const products: Tensor = einsum([h, w], [batch, part, vocab])
    const logits = maskPadding(cast(products, 'f32') as Tensor, model)
    const top = maxForExp(logits, vocab)
    const exps = logits.sub(top).exp()
    const total = exps.sum(vocab)
    const z = total.log().add(top)
    const counts = cast(compare(ids, 'NE', NO_TOKEN), 'f32').mul(1 / tokens)
    const known = and(compare(ids, 'GE', 0), compare(ids, 'LT', vocabSize))
    const label = () => (whole ? labelled(products, ids, [batch, part], vocab) : pick(logits, vocab, ids))
    const entropy = where(known, apartLabels ? z : z.sub(label()), 0).mul(counts)
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
            if (apartLabels) {
              // Rows of the softmax are rows of exps times a number, which the smaller operand takes.
              const scale = weight.div(total)
              const product: Tensor = einsum([exps, at.h.mul(scale)], [embd, vocab])
              const dh: Tensor = einsum([exps, narrow], [batch, part, embd]).mul(scale)
              return [[addTo(sums, more), dw.add(product)] as const, dh] as const
            }
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
  if (!apartLabels) return { loss, crossEntropy: entropy }
  const known = and(compare(labels, 'GE', 0), compare(labels, 'LT', vocabSize))
  const ofLabels = einsum([x, embed(table, vocab, labels)], [batch, sequence])
  const sum = total(where(known, ofLabels, 0)).mul(1 / tokens)
  return { loss: loss.sub(sum), crossEntropy: entropy.sub(stopGradient(sum)) }
}

/** Dims of a chunk's logits and their gradient, which a mesh may split. */
const DIMS = ['batch', 'sequence', 'vocab', 'embd']

/** Products of the labels among those of the whole vocabulary, f32; a label outside of it takes any. */
function labelled(products: Tensor, ids: Tensor, [batch, part]: readonly [Dim, Dim], vocab: Dim): Tensor {
  const rows = dim('rows', batch.size * part.size)
  const all = dim('logits', rows.size * vocab.size)
  const inside = reshape(ids.maximum(0).minimum(vocab.size - 1), [rows])
  const at = range(rows).mul(vocab.size).add(inside)
  return cast(reshape(take(reshape(products, [all]), all, at), [batch, part]), 'f32')
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
