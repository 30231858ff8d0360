import { isFloat } from '../../tensor/dtype.js'
import type { AttributesOf } from '../../tensor/ops/index.js'
import { ROUND } from './arrays.js'
import type { Kernel, MakeKernel } from './kernel.js'
import { offsetsOf, type Layout } from './layout.js'
import { skinnyMatmul } from './skinny-matmul.js'
import { onHeap, partsOf, runInThreads, withScratch } from './wasm/functions.js'
import { COLUMNS, makeGemm, makePack, ROWS, type Gemm, type Order, type Pack } from './wasm/gemm.js'
import { heap } from './wasm/heap.js'
import type { Call } from './wasm/team.js'

/** Most rows, columns and sums of a block: blocks of 1 MiB stay in a core's cache. */
const BLOCK = 512

/** Products of fewer multiplications are left to one thread. */
const LEAST_PRODUCT = 1 << 19

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
  if (out.dtype === 'f32') return product
  if (!isFloat(out.dtype))
    return (inputs, [y]) => {
      const floats = new Float32Array(y.length)
      product(
        inputs.map((x) => Float32Array.from(x)),
        [floats],
      )
      y.set(floats)
    }
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

/** Tables and packed blocks in the heap: of each operand a table of its free indices and one of its sums. */
interface Packed {
  readonly size: number
  readonly order: Order
  /** Places of free indices, in bytes, to whole panels; then of the sums. */
  readonly table: Int32Array
  readonly panels: number
}

function packed({ free, sums }: Side, size: number): Packed {
  const panels = Math.ceil(free.length / size)
  const table = new Int32Array(panels * size + sums.length)
  for (let i = 0; i < panels * size; i++) table[i] = 4 * free[Math.min(i, free.length - 1)]
  for (let k = 0; k < sums.length; k++) table[panels * size + k] = 4 * sums[k]
  return { size, order: orderOf(free, sums, size), table, panels }
}

function orderOf(free: Int32Array, sums: Int32Array, size: number): Order {
  if (sums.every((at, k) => at === sums[0] + k)) return 'sums'
  const beside = free.length % size === 0 && free.every((at, i) => at === free[i - (i % size)] + (i % size))
  return beside ? 'free' : 'none'
}

const known = new Map<string, Pack>()
function packFor({ size, order }: Packed): Pack {
  const key = `${size} ${order}`
  const made = known.get(key) ?? makePack(size, order)
  known.set(key, made)
  return made
}

let gemm: Gemm | undefined

function blocked(left: Side, right: Side): Kernel {
  const [m, n, depth] = [left.free.length, right.free.length, left.sums.length]
  const [rows, columns] = [packed(left, ROWS), packed(right, COLUMNS)]
  const [packLeft, packRight] = [packFor(rows), packFor(columns)]
  const multiply = (gemm ??= makeGemm())
  const block = (count: number, size: number) => Math.min(BLOCK, Math.ceil(count / size) * size)
  const [tileM, tileN, tileK] = [block(m, ROWS), block(n, COLUMNS), Math.min(BLOCK, depth)]
  // Blocks of whole panels are written where they belong, others by way of a block of their own.
  const whole = m % ROWS === 0 && n % COLUMNS === 0
  const parts = [rows.table.length, columns.table.length, tileM * tileK, tileN * tileK, whole ? 0 : tileM * tileN]
  return onHeap(([a, b], [y]) =>
    withScratch(parts, ([leftTable, rightTable, packedLeft, packedRight, tile]) => {
      const views = heap().buffer
      new Int32Array(views, leftTable, rows.table.length).set(rows.table)
      new Int32Array(views, rightTable, columns.table.length).set(columns.table)
      const leftSums = leftTable + 4 * rows.panels * ROWS
      const rightSums = rightTable + 4 * columns.panels * COLUMNS
      for (let batch = 0; batch < left.batches.length; batch++) {
        const [fromA, fromB, toY] = [a + 4 * left.batches[batch], b + 4 * right.batches[batch], y + 4 * batch * m * n]
        for (let j = 0; j < n; j += BLOCK)
          for (let i = 0; i < m; i += BLOCK) {
            const [high, wide] = [Math.min(BLOCK, m - i), Math.min(BLOCK, n - j)]
            const [panelsM, panelsN] = [Math.ceil(high / ROWS), Math.ceil(wide / COLUMNS)]
            const [to, width] = whole ? [toY + 4 * (i * n + j), 4 * n] : [tile, 4 * panelsN * COLUMNS]
            for (let k = 0; k < depth; k += BLOCK) {
              const sums = Math.min(BLOCK, depth - k)
              // Where sums lie side by side the table is not read beyond its first.
              const along = (order: Order) => (order === 'sums' ? 4 * k : 0)
              // With one block of sums, the columns stay packed for all rows.
              const packColumns = (start: number, end: number): Call => ({
                run: packRight,
                parameters: [
                  packedRight + 4 * COLUMNS * sums * start,
                  fromB + along(columns.order),
                  rightTable + 4 * (j + COLUMNS * start),
                  rightSums + 4 * k,
                  end - start,
                  sums,
                ],
              })
              /** Packs panels of the left operand and multiplies them. */
              const multiplyRows = (start: number, end: number): Call[] => {
                const packed = packedLeft + 4 * ROWS * sums * start
                const table = leftTable + 4 * (i + ROWS * start)
                const panels = end - start
                const target = to + ROWS * width * start
                const from = fromA + along(rows.order)
                return [
                  { run: packLeft, parameters: [packed, from, table, leftSums + 4 * k, panels, sums] },
                  {
                    run: multiply,
                    parameters: [packed, packedRight, target, sums, panels, panelsN, width, Number(k > 0)],
                  },
                ]
              }
              const alone = high * wide * sums < LEAST_PRODUCT
              const parts = (panels: number) => (alone ? [{ start: 0, end: panels }] : partsOf(panels, 1))
              if (i === 0 || depth > BLOCK)
                runInThreads(parts(panelsN).map(({ start, end }) => [packColumns(start, end)]))
              runInThreads(parts(panelsM).map(({ start, end }) => multiplyRows(start, end)))
            }
            if (!whole) copyTile(tile, width, toY + 4 * (i * n + j), 4 * n, high, wide)
          }
      }
    }),
  )
}

function copyTile(from: number, fromWidth: number, to: number, width: number, rows: number, columns: number): void {
  const { buffer } = heap()
  for (let row = 0; row < rows; row++)
    new Float32Array(buffer, to + row * width, columns).set(new Float32Array(buffer, from + row * fromWidth, columns))
}
