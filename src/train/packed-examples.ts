/** Examples of rows that hold several documents, of which the loss counts some tokens. */
import type { ModelConfig } from '../config/index.js'
import { BEGINS, COUNTS } from '../data/index.js'
import { and, cast, constant, dim, einsum, not, range, reshape, slice, where, type Tensor } from '../tensor/index.js'
import type { Examples } from './step.js'

type Ids = Tensor<'batch' | 'sequence'>

/** No label: below every token. */
const NO_LABEL = -0x80000000

/**
 * Inputs, labels and documents of rows of n_ctx + 1 ids that say where documents begin and what counts. A label is the next
 * token if the loss counts it and it is of the same document.
 */
export function packedExamples(ids: Tensor, { n_ctx }: ModelConfig): Examples {
  const [batch, tokens] = ids.dims
  const sequence = dim('sequence', n_ctx)
  const part = (x: Tensor, start: number) => reshape(slice(x, tokens, start, n_ctx), [batch, sequence]) as Ids
  const counts = ids.greaterEqual(COUNTS)
  const rest = where(counts, ids.sub(COUNTS), ids) as Tensor
  const begins = rest.greaterEqual(BEGINS)
  const token = where(begins, rest.sub(BEGINS), rest) as Tensor
  const counted = and(part(counts as Tensor, 1), not(part(begins as Tensor, 1)))
  const labels = where(counted, part(token, 1), constant(NO_LABEL, 'i32')) as Ids

  const earlier = dim('earlier', n_ctx)
  const starts = part(begins as Tensor, 0)
  const upTo = cast(range(earlier).lessEqual(range(sequence)), 'f32')
  const flags = cast(starts, 'f32').rename(sequence, earlier)
  const documents = cast(einsum([flags, upTo], [batch, sequence]), 'i32') as Ids
  const places = where(starts, range(sequence), 0).rename(sequence, earlier)
  const last = where(range(earlier).lessEqual(range(sequence)), places, 0).max(earlier) as Ids
  return { inputs: part(token, 0), labels, packing: { documents, positions: range(sequence).sub(last) as Ids } }
}
