import { bytesOf, productOf, type DType } from '../../tensor/index.js'

/** Bytes of an array on a device, with padding. */
export type ArrayBytes = (sizes: readonly number[], dtype: DType) => number

/** Row-major, without gaps: CPUs and GPUs. */
export const plainBytes: ArrayBytes = (sizes, dtype) => bytesOf(dtype) * productOf(sizes)

/** Lanes of a TPU's vector register. */
const LANES = 128
/** Sublanes of 32 bits of a register. */
const SUBLANES = 8
/** Numbers that the length of a vector is padded to. */
const VECTOR = 256

/**
 * On TPUs arrays are stored in padded tiles of 8 rows (more for dtypes below 32 bits) of 128. The compiler chooses the two
 * dims of the tiles; this assumes the least padding.
 */
export const tiledBytes: ArrayBytes = (sizes, dtype) => {
  const each = bytesOf(dtype)
  const whole = productOf(sizes)
  const wide = sizes.filter((size) => size > 1)
  if (wide.length === 0) return each
  if (sizes.length === 1) return each * roundUp(sizes[0], VECTOR)
  const rows = SUBLANES * Math.max(1, 4 / each)
  let least = Infinity
  for (const [i, lanes] of sizes.entries())
    for (const [j, second] of sizes.entries()) {
      if (i === j) continue
      const padded =
        (whole / lanes / second) * roundUp(lanes, LANES) * roundUp(second, Math.min(rows, powerFrom(second)))
      least = Math.min(least, padded)
    }
  return each * least
}

/** The smallest power of two >= 2 that holds this many rows. */
function powerFrom(count: number): number {
  return Math.max(2, 2 ** Math.ceil(Math.log2(count)))
}

function roundUp(size: number, to: number): number {
  return Math.ceil(size / to) * to
}
