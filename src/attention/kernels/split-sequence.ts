/**
 * A sequence that a mesh splits, as parts side by side: what is cut into blocks is cut within a part, so that a block lies
 * on one device.
 */
import { dim, reshape, type Dim, type Tensor } from '../../tensor/index.js'
import type { AttentionShape } from '../contract.js'

export interface Parts {
  /** One part a device; named as the positions are, so that the layout splits it as them. */
  readonly part: Dim
  /** The positions of one part. */
  readonly positions: Dim
}

/** Null if the sequence is whole on every device, or is not divided by the mesh (which is refused later). */
export function partsOf({ sequence, parts }: Pick<AttentionShape, 'sequence' | 'parts'>): Parts | null {
  const count = parts(sequence.name)
  if (count === 1 || sequence.size % count > 0) return null
  return { part: dim(sequence.name, count), positions: dim('part_length', sequence.size / count) }
}

/** `x` with its `sequence` as part and positions. */
export function intoParts(x: Tensor, { part, positions }: Parts): Tensor {
  const dims = x.dims.flatMap((each) => (each.name === part.name ? [part, positions] : [each]))
  return reshape(x, dims)
}

/** The reverse. */
export function outOfParts(x: Tensor, { part, positions }: Parts): Tensor {
  const all = dim(part.name, part.size * positions.size)
  const dims = x.dims.flatMap((each) => (each.name === part.name ? [all] : each.name === positions.name ? [] : [each]))
  return reshape(x, dims)
}
