import { isFloat, type DType } from '../../tensor/index.js'
import type { Axes } from '../../tensor/ops/reduce.js'
import { productOf } from '../../tensor/dim.js'
import { ROUND } from './arrays.js'
import type { MakeKernel } from './kernel.js'
import { collapse, dense, transposed, type Layout } from './layout.js'
import { compileLoop, nest, type Cursor } from './loops.js'
import { onHeap } from './wasm/functions.js'
import { callInParts } from './wasm/threads.js'
import { vectorReduce, type Reduction } from './wasm/reduce.js'

/** How two numbers `a` and `b` become one, as JavaScript. */
type Combine = (dtype: DType) => string
type Lowest = (dtype: DType) => number

/** Sums of floats are kept in f64 until they are whole. */
export const reduceSum = reduce(
  'sum',
  (dtype) => (isFloat(dtype) ? 'a + b' : '(a + b) | 0'),
  () => 0,
)
export const reduceMax = reduce(
  'max',
  (dtype) => (isFloat(dtype) ? 'Math.max(a, b)' : order('>', dtype)),
  (dtype) => (isFloat(dtype) ? -Infinity : dtype === 'i32' ? -0x80000000 : 0),
)
export const reduceMin = reduce(
  'min',
  (dtype) => (isFloat(dtype) ? 'Math.min(a, b)' : order('<', dtype)),
  (dtype) => (isFloat(dtype) ? Infinity : dtype === 'i32' ? 0x7fffffff : dtype === 'u32' ? -1 : 1),
)

const order = (sign: string, dtype: DType) =>
  dtype === 'u32' ? `(a >>> 0 ${sign} b >>> 0 ? a : b)` : `(a ${sign} b ? a : b)`

function reduce(kind: Reduction, combine: Combine, first: Lowest): MakeKernel<Axes> {
  return ([{ layout, dtype }], { axes }, [out]) => {
    const { x, sums } = walk(layout, axes, out.sizes)
    const vector = dtype === 'f32' ? vectorReduce(kind, x, sums) : null
    if (vector) {
      const work = productOf(layout.sizes)
      return onHeap((from, to) => callInParts(vector.run, [...from, ...to], vector.turns, work))
    }
    const { sizes, strides } = collapse([x, sums])
    const cursors: Cursor[] = [
      { name: 'p', start: 'start[0]', strides: strides[0] },
      { name: 'q', start: '0', strides: strides[1] },
    ]
    const step = (into: string) => `{ const a = ${into}, b = from[p]; ${into} = ${combine(dtype)} }`
    const last = sizes.length - 1
    // Where the innermost loop adds to one element, that element is a variable.
    const inner = nest(sizes.slice(last), [{ name: 'p', start: 'r', strides: strides[0].slice(last) }], step('sum'))
    const text =
      last >= 0 && strides[1][last] === 0
        ? nest(
            sizes.slice(0, last),
            [{ ...cursors[0], name: 'r' }, cursors[1]],
            `let sum = to[q]\n${inner}\nto[q] = sum`,
          )
        : nest(sizes, cursors, step('to[q]'))
    const loop = compileLoop(`const from = x[0], to = y[0]\n${text}`)
    const round = isFloat(dtype) ? ROUND[dtype as 'f32'] : null
    const sum = round ? new Float64Array(productOf(out.sizes)) : null
    return ([values], [y]) => {
      const to = sum ?? y
      to.fill(first(dtype))
      loop([values], [to], [x.offset])
      if (round && sum) for (let i = 0; i < sum.length; i++) y[i] = round(sum[i])
    }
  }
}

/** The input and the sums in the order of the input's memory, so that the innermost loop reads what lies together. */
function walk(layout: Layout, axes: readonly number[], kept: readonly number[]): { x: Layout; sums: Layout } {
  const outStrides = dense(kept).strides
  let next = 0
  const strides = layout.sizes.map((_, axis) => (axes.includes(axis) ? 0 : outStrides[next++]))
  const order = layout.sizes.map((_, axis) => axis).sort((a, b) => layout.strides[b] - layout.strides[a])
  const sums: Layout = { offset: 0, sizes: layout.sizes, strides }
  return { x: transposed(layout, order), sums: transposed(sums, order) }
}
