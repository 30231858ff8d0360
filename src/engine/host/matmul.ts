import { isFloat } from '../../tensor/dtype.js'
import type { AttributesOf } from '../../tensor/ops/index.js'
import { ROUND } from './arrays.js'
import type { Kernel, Made, MakeKernel } from './kernel.js'
import { offsetsOf, type Layout } from './layout.js'
import { skinnyMatmul } from './skinny-matmul.js'
import { onHeap, withScratch } from './wasm/functions.js'
import { COLUMNS, makeGemm, makePack, ROWS, type Order, type Pack } from './wasm/gemm.js'
import { heap, perHeap } from './wasm/heap.js'
import type { Call } from './wasm/team.js'
import { partsOf, runInThreads, threadCount } from './wasm/threads.js'

/** Most sums and columns of a block of the right operand: blocks of 512 KiB stay in a core's cache. */
const MOST_DEPTH = 512
const MOST_COLUMNS = 22 * COLUMNS
/** Most rows of the left operand that are packed at a time. */
const MOST_ROWS = 8 * COLUMNS

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
  const flops = 2 * left.batches.length * left.free.length * right.free.length * left.sums.length
  return Object.assign(rounded(skinnyMatmul(left, right) ?? blocked(left, right), out), { flops })
}

/** A product in the dtype of its result. */
function rounded(product: Kernel, out: Made): Kernel {
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

/** A matrix to be packed: tables of its places, and how it lies. */
interface Packing {
  /** Places of free indices, in bytes, to whole panels; then of the sums. */
  readonly table: Int32Array
  readonly panels: number
  readonly pack: Pack
}

function packing(free: Int32Array, sums: Int32Array): Packing {
  const panels = Math.ceil(free.length / COLUMNS)
  const table = new Int32Array(panels * COLUMNS + sums.length)
  for (let i = 0; i < panels * COLUMNS; i++) table[i] = 4 * free[Math.min(i, free.length - 1)]
  for (let k = 0; k < sums.length; k++) table[panels * COLUMNS + k] = 4 * sums[k]
  const order: Order = besideInFours(sums) ? 'sums' : besideInFours(free) ? 'free' : 'none'
  return { table, panels, pack: packs[order]() }
}

/** Whether each four from a multiple of four on lie side by side; of an incomplete four those that there are. */
const besideInFours = (places: Int32Array) => places.every((at, i) => at === places[i - (i % 4)] + (i % 4))

const packs: Record<Order, () => Pack> = {
  sums: perHeap(() => makePack('sums')),
  free: perHeap(() => makePack('free')),
  none: perHeap(() => makePack('none')),
}
const gemm = perHeap(makeGemm)

/** Calls of one thread each; the next phase needs all of them. */
type Phase = readonly (readonly Call[])[]

function blocked(left: Side, right: Side): Kernel {
  const [m, n, depth, batches] = [left.free.length, right.free.length, left.sums.length, left.batches.length]
  const multiply = gemm()
  const columns = packing(right.free, right.sums)
  // Rows whose numbers lie side by side are read where they are. Others are packed in panels, as columns are.
  const direct = left.sums.every((at, k) => at === left.sums[0] + k)
  const rows = direct ? null : packing(left.free, left.sums)
  const [tileK, tileN, tileM] = [
    Math.min(MOST_DEPTH, depth),
    Math.min(MOST_COLUMNS, columns.panels * COLUMNS),
    MOST_ROWS,
  ]
  const tables = [direct ? m : 2 * tileM, columns.table.length, rows?.table.length ?? 0]
  /** Words that a thread writes over: the tile of the last columns, rows packed. */
  const [spareWords, rowWords] = [ROWS * COLUMNS, direct ? 0 : tileK * tileM]
  const scratch = spareWords + rowWords
  const [work, packedWords] = [m * n * depth, tileK * tileN]

  return onHeap(([a, b], [y]) => {
    const threads = work * batches < LEAST_PRODUCT ? 1 : threadCount()
    // Whole products for each thread where there are several, else parts of their rows.
    const whole = batches >= threads
    const words = [...tables, packedWords * (whole ? threads : 1), scratch * threads]
    withScratch(words, ([placesAt, columnsAt, rowsAt, packedAt, scratchAt]) => {
      const table = (address: number, words: number) => new Int32Array(heap().buffer as ArrayBuffer, address, words)
      table(columnsAt, tables[1]).set(columns.table)
      if (rows) table(rowsAt, tables[2]).set(rows.table)
      const places = table(placesAt, tables[0])
      if (direct) for (let i = 0; i < m; i++) places[i] = 4 * left.free[i]
      // Of packed rows: in blocks of the most sums, then in the last block, which may have fewer.
      else
        for (let i = 0; i < 2 * tileM; i++) {
          const [sums, row] = i < tileM ? [tileK, i] : [((depth - 1) % MOST_DEPTH) + 1, i - tileM]
          places[i] = 4 * (Math.floor(row / COLUMNS) * COLUMNS * sums + (row % COLUMNS))
        }

      /** A part of the rows of a block of the product, which starts at column j and sum k. */
      const multiplyRows = (
        batch: number,
        j: number,
        k: number,
        first: number,
        last: number,
        packed: number,
        spare: number,
      ) => {
        const calls: Call[] = []
        const sums = Math.min(MOST_DEPTH, depth - k)
        const wide = Math.min(MOST_COLUMNS, n - j)
        const from = a + 4 * left.batches[batch]
        const size = rows ? tileM : last - first
        for (let i = first; i < last; i += size) {
          const count = Math.min(size, last - i)
          const own = spare + 4 * spareWords
          if (rows) {
            const panels = Math.ceil(count / COLUMNS)
            const sumsAt = rowsAt + 4 * (COLUMNS * rows.panels + k)
            calls.push({ run: rows.pack, parameters: [own, from, rowsAt + 4 * i, sumsAt, panels, sums] })
          }
          calls.push({
            run: multiply,
            parameters: [
              ...(rows
                ? [own, placesAt + (sums === tileK ? 0 : 4 * tileM), count, 4 * COLUMNS]
                : [from + 4 * k, placesAt + 4 * i, count, 4]),
              ...[packed, sums, y + 4 * ((batch * m + i) * n + j), Math.ceil(wide / COLUMNS), 4 * n, Number(k > 0)],
              ...[wide % COLUMNS, spare],
            ],
          })
        }
        return calls
      }
      const packColumns = (batch: number, j: number, k: number, start: number, end: number, packed: number): Call => {
        const sums = Math.min(MOST_DEPTH, depth - k)
        const to = packed + 4 * COLUMNS * sums * start
        const [freeAt, sumsAt] = [columnsAt + 4 * (j + COLUMNS * start), columnsAt + 4 * (columns.panels * COLUMNS + k)]
        return { run: columns.pack, parameters: [to, b + 4 * right.batches[batch], freeAt, sumsAt, end - start, sums] }
      }
      /** The phases of one product, of which each thread has a part of the rows. */
      const phases = (batch: number, first: number, members: number, packed: number): Phase[] => {
        const list: Phase[] = []
        for (let j = 0; j < n; j += MOST_COLUMNS)
          for (let k = 0; k < depth; k += MOST_DEPTH) {
            const panels = Math.ceil(Math.min(MOST_COLUMNS, n - j) / COLUMNS)
            list.push(
              partsOf(panels, 1, members).map(({ start, end }) => [packColumns(batch, j, k, start, end, packed)]),
            )
            list.push(
              partsOf(m, COLUMNS, members).map(({ start, end }, part) =>
                multiplyRows(batch, j, k, start, end, packed, scratchAt + 4 * scratch * (first + part)),
              ),
            )
          }
        return list
      }
      if (whole)
        runInThreads(
          partsOf(batches, 1, threads).map(({ start, end }, member) =>
            Array.from({ length: end - start }, (_, i) =>
              phases(start + i, member, 1, packedAt + 4 * packedWords * member).flat(2),
            ).flat(),
          ),
        )
      else
        for (let batch = 0; batch < batches; batch++)
          for (const phase of phases(batch, 0, threads, packedAt)) runInThreads(phase)
    })
  })
}
