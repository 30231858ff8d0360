import type { Positions } from '../../attention/index.js'
import { range, reshape, type Tensor } from '../../tensor/index.js'
import type { Model } from '../dims.js'

/** Positions of a sequence that begins at `position`, i32 [sequence]; those of padding beyond the context are the last one. */
export function laterPositions({ sequence, config }: Model, position: Positions): Tensor<'sequence'> {
  return range(sequence)
    .add(reshape<never>(position, []))
    .minimum(config.n_ctx - 1)
}
