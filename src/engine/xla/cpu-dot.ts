import type { Shape } from '../../tensor/primitive.js'
import { sizeOf, type Dim } from '../../tensor/dim.js'
import type { AttributesOf } from '../../tensor/ops/index.js'
import { longs, type Writer } from './writer.js'

/**
 * Products for XLA's CPU backend, which is fast in two forms only: [batch, m, k] by [batch, k, n] and [batch, m, k] by
 * [batch, n, k]. Others run up to a hundred times slower in bf16, and two to three times in f32 (bench/RESULTS.md). So an
 * operand whose summed axes are not its last is transposed, the cheaper one of the two, and in memory: left to itself XLA
 * would make the transpose a mere change of layout and hand the product the form to be avoided.
 */
export function printDot(
  writer: Writer,
  [left, right]: readonly string[],
  [a, b]: readonly Shape[],
  { batch, contract }: AttributesOf<'dot'>,
  out: Shape,
): string {
  const first = sidesOf(a, batch[0], contract[0])
  const second = sidesOf(b, batch[1], contract[1])
  // Each plan: transposes one or no operand, puts one first, and transposes the result if that is the second.
  const size = sizeOf(out.dims)
  const plans = [
    { cost: first.last ? 0 : sizeOf(a.dims), swap: false },
    { cost: size + (second.last ? 0 : sizeOf(b.dims)), swap: true },
  ].sort((p, q) => p.cost - q.cost)
  const { swap } = plans[0]
  const [mine, other] = swap ? [second, first] : [first, second]
  const [x, y] = swap ? [right, left] : [left, right]
  const rows = { name: 'm', size: sizeOf(mine.free) },
    columns = { name: 'n', size: sizeOf(other.free) }
  const sums = { name: 'k', size: sizeOf(mine.sums) }
  const batches = mine.batches.length > 0 ? [{ name: 'batch', size: sizeOf(mine.batches) }] : []

  const lhs = arrange(writer, x, mine, false, [...batches, rows, sums])
  const rhs = other.last
    ? arrange(writer, y, other, false, [...batches, columns, sums])
    : arrange(writer, y, other, true, [...batches, sums, columns])
  const at = batches.length
  const flat: Shape = { dims: [...batches, rows, columns], dtype: out.dtype }
  const wanted = !swap && at === 0 && other.last ? columnsOf(lhs, rhs) : null
  if (wanted !== null) {
    const product = fewRows(writer, lhs, rhs, wanted)
    const wide: Shape = { ...flat, dtype: 'f32' }
    const narrow = out.dtype === 'f32' ? product : writer.op('convert', [product], [wide], flat)
    return writer.reshape(narrow, flat, out)
  }
  // One row in bf16 takes a plain loop, several times as long as two rows.
  const alone = rows.size === 1 && mine.shape.dtype === 'bf16'
  const { name, shape } = alone ? twice(writer, lhs, at) : lhs
  const whole: Shape = alone ? withRows(flat, at) : flat
  const all = writer.op(
    'dot_general',
    [name, rhs.name],
    [shape, rhs.shape],
    whole,
    `dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [${at ? 0 : ''}], rhs_batching_dimensions = [${at ? 0 : ''}], ` +
      `lhs_contracting_dimensions = [${at + 1}], rhs_contracting_dimensions = [${other.last ? at + 1 : at}]>`,
  )
  const product = alone ? firstOf(writer, all, whole, flat) : all
  if (!swap) return writer.reshape(product, flat, out)
  const turned: Shape = { dims: [...batches, columns, rows], dtype: out.dtype }
  return writer.reshape(
    writer.transpose(
      writer.materializeRowMajor(product, flat),
      flat,
      [...batches.map((_, i) => i), at + 1, at],
      turned,
    ),
    turned,
    out,
  )
}

/**
 * Number of columns that a product of few rows, [rows, k], by a larger matrix, [n, k], is computed with as (w x^T)^T: its rows and
 * copies of them. Null where x w^T is as fast (docs/dev/log.md). XLA's library is fastest in f32 with 2, 4, 8 and 16
 * columns. One row in f32 is a matrix-vector product of XLA's own.
 */
function columnsOf({ shape }: Operand, { shape: { dims } }: Operand): number | null {
  const { size } = shape.dims[0]
  if (dims[0].size < Math.max(32, 4 * size)) return null
  if (shape.dtype === 'bf16') return size <= 8 ? size * Math.floor(16 / size) : null
  if (shape.dtype !== 'f32' || size === 1) return null
  const columns = [2, 4, 8, 16].find((count) => count >= size)
  // With nine to twelve rows the copies cost what is saved.
  return columns !== undefined && columns - size < 4 ? columns : null
}

/**
 * x w^T in f32, [m, n], of few rows x [m, k] and a matrix w [n, k], as (w x^T)^T. XLA's library packs the second operand before it
 * multiplies, which for a matrix that is read once takes as long as the product. The rows are repeated up to `columns`.
 */
function fewRows(writer: Writer, x: Operand, w: Operand, columns: number): string {
  const [m] = x.shape.dims
  const n = w.shape.dims[0]
  const many = repeatRows(writer, x, columns)
  const whole: Shape = { dims: [n, many.shape.dims[0]], dtype: 'f32' }
  const product = writer.op(
    'dot_general',
    [w.name, many.name],
    [w.shape, many.shape],
    whole,
    'dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], ' +
      'lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>',
  )
  const result: Shape = { dims: [n, m], dtype: 'f32' }
  // Without a barrier XLA folds the transpose into the product by swapping its operands, which restores x w^T.
  const kept = firstOf(writer, writer.materializeRowMajor(product, whole), whole, result)
  return writer.transpose(kept, result, [1, 0], { dims: [m, n], dtype: 'f32' })
}

/** Rows, repeated in order up to `count`. */
function repeatRows(writer: Writer, x: Operand, count: number): Operand {
  const [m, k] = x.shape.dims
  if (m.size === count) return x
  const parts: Operand[] = Array<Operand>(Math.floor(count / m.size)).fill(x)
  const rest = count % m.size
  if (rest > 0) {
    const shape: Shape = { dims: [{ name: 'm', size: rest }, k], dtype: x.shape.dtype }
    parts.push({ name: firstOf(writer, x.name, x.shape, shape), shape })
  }
  const shape: Shape = { dims: [{ name: 'm', size: count }, k], dtype: x.shape.dtype }
  const operands = [parts.map(({ name }) => name), parts.map((part) => part.shape)] as const
  return { name: writer.op('concatenate', ...operands, shape, 'dimension = 0 : i64'), shape }
}

interface Operand {
  readonly name: string
  readonly shape: Shape
}

const withRows = ({ dims, dtype }: Shape, axis: number): Shape => ({
  dims: dims.map(({ name, size }, i) => ({ name, size: i === axis ? 2 : size })),
  dtype,
})

function twice(writer: Writer, { name, shape }: Operand, axis: number): Operand {
  const out = withRows(shape, axis)
  return {
    name: writer.op('concatenate', [name, name], [shape, shape], out, `dimension = ${axis} : i64`),
    shape: out,
  }
}

/** The beginning of a value along each axis, as long as `out` is. */
function firstOf(writer: Writer, name: string, whole: Shape, out: Shape): string {
  const limits = out.dims.map(({ size }) => size)
  const { length } = limits
  return writer.op(
    'slice',
    [name],
    [whole],
    out,
    `start_indices = ${longs(Array(length).fill(0))}, limit_indices = ${longs(limits)}, strides = ${longs(Array(length).fill(1))}`,
  )
}

interface Sides {
  readonly shape: Shape
  readonly batches: readonly Dim[]
  readonly free: readonly Dim[]
  readonly sums: readonly Dim[]
  /** Axes in the order batch, free, summed. */
  readonly order: readonly number[]
  /** Whether the summed axes come last (and nothing but batch axes before the free ones). */
  readonly last: boolean
}

function sidesOf(shape: Shape, batch: readonly number[], contract: readonly number[]): Sides {
  const free = shape.dims.map((_, axis) => axis).filter((axis) => !batch.includes(axis) && !contract.includes(axis))
  const pick = (axes: readonly number[]) => axes.map((axis) => shape.dims[axis])
  const lastFree = Math.max(-1, ...free)
  return {
    shape,
    batches: pick(batch),
    free: pick(free),
    sums: pick(contract),
    order: [...batch, ...free, ...contract],
    last: contract.every((axis) => axis > lastFree),
  }
}

/** The operand as [batch, free, summed], or [batch, summed, free] if `sumsFirst`, in memory in that order. */
function arrange(
  writer: Writer,
  name: string,
  { shape, batches, free, order }: Sides,
  sumsFirst: boolean,
  dims: readonly Dim[],
): Operand {
  const [b, f] = [batches.length, free.length]
  const axes = sumsFirst ? [...order.slice(0, b), ...order.slice(b + f), ...order.slice(b, b + f)] : order
  const arranged: Shape = { dims: axes.map((axis) => shape.dims[axis]), dtype: shape.dtype }
  const flat: Shape = { dims, dtype: shape.dtype }
  const moved = axes.some((axis, i) => axis !== i)
  const ordered = moved ? writer.materializeRowMajor(writer.transpose(name, shape, axes, arranged), arranged) : name
  return { name: writer.reshape(ordered, arranged, flat), shape: flat }
}
