import { isFloat } from '../../tensor/dtype.js'
import type { AttributesOf } from '../../tensor/ops/index.js'
import { ROUND, type Numbers } from './arrays.js'
import { COLUMNS, makeGemm, ROWS, type GemmMachine } from './gemm.js'
import type { Kernel, MakeKernel } from './kernel.js'
import { offsetsOf, type Layout } from './layout.js'
import { skinnyMatmul } from './skinny-matmul.js'

/** Most rows, columns and sums of a block: three blocks of 1 MiB stay in a core's cache. */
const BLOCK = 512

/** An operand's elements: index = batches[i] + free[j] + sums[k]. */
export interface Side {
  readonly batches: Int32Array
  readonly free: Int32Array
  readonly sums: Int32Array
}

/** Products of all pairs of rows, whatever the order of the axes. Floats are added up in f32 or wider. */
export const dot: MakeKernel<AttributesOf<'dot'>> = ([a, b], { batch, contract }, [out]) => {
  const [left, right] = [sideOf(a.layout, batch[0], contract[0]), sideOf(b.layout, batch[1], contract[1])]
  const product = skinnyMatmul(left, right) ?? blocked(left, right)
  if (!isFloat(out.dtype) || out.dtype === 'f32') return product
  const round = ROUND[out.dtype as 'bf16']
  return (inputs, [y]) => {
    product(inputs, [y])
    for (let i = 0; i < y.length; i++) y[i] = round(y[i])
  }
}

function sideOf({ offset, sizes, strides }: Layout, batch: readonly number[], contract: readonly number[]): Side {
  const free = sizes.map((_, axis) => axis).filter((axis) => !batch.includes(axis) && !contract.includes(axis))
  const offsets = (axes: readonly number[], from: number) =>
    offsetsOf({ offset: from, sizes: axes.map((axis) => sizes[axis]), strides: axes.map((axis) => strides[axis]) })
  return { batches: offsets(batch, offset), free: offsets(free, 0), sums: offsets(contract, 0) }
}

let machine: GemmMachine | undefined
const A = 0
const B = BLOCK * BLOCK
const C = 2 * BLOCK * BLOCK

function blocked(left: Side, right: Side): Kernel {
  const [m, n, depth] = [left.free.length, right.free.length, left.sums.length]
  return ([a, b], [y]) => {
    const { memory, gemm } = (machine ??= makeGemm(3 * BLOCK * BLOCK))
    for (let batch = 0; batch < left.batches.length; batch++)
      for (let j = 0; j < n; j += BLOCK)
        for (let i = 0; i < m; i += BLOCK) {
          const [rows, columns] = [Math.min(BLOCK, m - i), Math.min(BLOCK, n - j)]
          const [panelsM, panelsN] = [Math.ceil(rows / ROWS), Math.ceil(columns / COLUMNS)]
          memory.fill(0, C, C + panelsM * ROWS * panelsN * COLUMNS)
          for (let k = 0; k < depth; k += BLOCK) {
            const sums = right.sums.subarray(k, k + BLOCK)
            // With one block of sums, the columns stay packed for all rows.
            if (i === 0 || depth > BLOCK)
              pack(memory, B, COLUMNS, b, right.batches[batch], right.free.subarray(j, j + columns), sums)
            const leftSums = left.sums.subarray(k, k + BLOCK)
            pack(memory, A, ROWS, a, left.batches[batch], left.free.subarray(i, i + rows), leftSums)
            gemm(4 * A, 4 * B, 4 * C, sums.length, panelsM, panelsN)
          }
          const width = panelsN * COLUMNS
          for (let row = 0; row < rows; row++) {
            const from = C + row * width
            y.set(memory.subarray(from, from + columns), (batch * m + i + row) * n + j)
          }
        }
  }
}

/** Writes a block in panels of `size` free indices, for each sum those of the panel side by side. */
function pack(
  memory: Float32Array,
  to: number,
  size: number,
  from: Numbers,
  at: number,
  free: Int32Array,
  sums: Int32Array,
): void {
  for (let panel = 0; panel < free.length; panel += size, to += size * sums.length) {
    const inside = Math.min(size, free.length - panel)
    if (inside < size) memory.fill(0, to, to + size * sums.length)
    for (let i = 0; i < inside; i++) {
      const start = at + free[panel + i]
      for (let k = 0, o = to + i; k < sums.length; k++, o += size) memory[o] = from[start + sums[k]]
    }
  }
}
