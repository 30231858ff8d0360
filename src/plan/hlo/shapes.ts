import { productOf } from '../../tensor/index.js'
import type { Shape } from './module.js'

/** Bits of an element by xla::PrimitiveType. */
const BITS: Readonly<Record<number, number>> = {
  1: 8,
  2: 8,
  3: 16,
  4: 32,
  5: 64,
  6: 8,
  7: 16,
  8: 32,
  9: 64,
  10: 16,
  11: 32,
  12: 64,
  15: 64,
  16: 16,
  18: 128,
  19: 8,
  20: 8,
  21: 4,
  22: 4,
  23: 8,
  24: 8,
  25: 8,
  26: 2,
  27: 2,
  28: 8,
  29: 8,
  33: 8,
}

export function elements({ dims }: Shape): number {
  return productOf(dims)
}

/** Bytes of the elements, without padding of tiles. */
export function bytesOfShape(shape: Shape): number {
  if (shape.parts.length > 0) return shape.parts.reduce((sum, each) => sum + bytesOfShape(each), 0)
  return (elements(shape) * (BITS[shape.type] ?? 0)) / 8
}
