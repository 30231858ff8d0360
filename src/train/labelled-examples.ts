/** Examples of rows whose ids say token and label (data/records/labels.ts). */
import type { ModelConfig } from '../config/index.js'
import { LABEL_BITS, LABELLED_VOCABULARY } from '../data/index.js'
import { and, constant, dim, reshape, shiftRight, slice, where, type Tensor } from '../tensor/index.js'
import type { Examples } from './step.js'

/** No label: below every token. */
const NO_LABEL = -0x80000000

/** Inputs and labels of rows of one more id than the sequence; at most `count` labels in a row. */
export function labelledExamples(count: number) {
  return (ids: Tensor, _: ModelConfig): Examples => {
    const [batch, tokens] = ids.dims
    const sequence = dim('sequence', tokens.size - 1)
    const rows = reshape(slice(ids, tokens, 0, sequence.size), [batch, sequence]) as Examples['inputs']
    const label = shiftRight(rows, LABEL_BITS).sub(1)
    const known = and(rows.greaterEqual(0), label.greaterEqual(0))
    return {
      inputs: and(rows, LABELLED_VOCABULARY - 1),
      labels: where(known, label, constant(NO_LABEL, 'i32')) as Examples['labels'],
      labelled: count,
    }
  }
}
