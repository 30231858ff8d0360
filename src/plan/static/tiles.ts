import { bytesOf, productOf, type DType } from '../../tensor/index.js'

/** How much memory an array takes on a device, padding included. */
export type ArrayBytes = (sizes: readonly number[], dtype: DType) => number

/** Row-major, without gaps: CPUs and GPUs. */
export const plainBytes: ArrayBytes = (sizes, dtype) => bytesOf(dtype) * productOf(sizes)

/** Numbers next to each other in a register of a TPU. */
const LANES = 128
/** Rows of 32 bits in a register. */
const SUBLANES = 8
/** Numbers that the length of a vector is padded to. */
const VECTOR = 256

/**
 * On TPUs arrays are cut into tiles of 8 rows (more of narrow numbers) of 128, and padded to whole ones. Which two dims the
 * tiles lie in is the compiler's to choose; it takes those with the least padding.
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

/** The least power of two from 2 on that holds so many rows. */
function powerFrom(count: number): number {
  return Math.max(2, 2 ** Math.ceil(Math.log2(count)))
}

function roundUp(size: number, to: number): number {
  return Math.ceil(size / to) * to
}
