import type { AttributesOf } from '../../tensor/ops/index.js'
import type { Numbers } from './arrays.js'
import type { Kernel, MakeKernel } from './kernel.js'
import { collapse, dense, sliced, type Layout } from './layout.js'
import { compileLoop, nest } from './loops.js'

/** Copies elements from one layout to another of the same sizes, each shifted by a number of elements. */
export type Copy = (x: Numbers, y: Numbers, moveX?: number, moveY?: number) => void

/** Runs of this many elements are copied as blocks of memory. */
const RUN = 16

export function copier(from: Layout, to: Layout): Copy {
  const { sizes, strides } = collapse([from, to])
  const [read, write] = strides
  const run = sizes.at(-1) ?? 1
  const block = run >= RUN && read.at(-1) === 1 && write.at(-1) === 1
  const loops = block ? sizes.slice(0, -1) : sizes
  const text = nest(
    loops,
    [
      { name: 'p', start: 'start[0]', strides: read },
      { name: 'q', start: 'start[1]', strides: write },
    ],
    block ? `to.set(from.subarray(p, p + ${run}), q)` : 'to[q] = from[p]',
  )
  const loop = compileLoop(`const from = x[0], to = y[0]\n${text}`)
  return (x, y, moveX = 0, moveY = 0) => loop([x], [y], [from.offset + moveX, to.offset + moveY])
}

/** The elements in row-major order. */
export function copy(from: Layout): Kernel {
  const run = copier(from, dense(from.sizes))
  return ([x], [y]) => run(x, y)
}

export const concat: MakeKernel<AttributesOf<'concat'>> = (inputs, { axis }, [out]) => {
  const whole = dense(out.sizes)
  let start = 0
  const parts = inputs.map(({ layout }) => {
    const size = layout.sizes[axis]
    start += size
    return copier(layout, sliced(whole, axis, start - size, size))
  })
  return (xs, [y]) => parts.forEach((part, i) => part(xs[i], y))
}

export const pad: MakeKernel<AttributesOf<'pad'>> = ([x, value], { axis, before }, [out]) => {
  const inside = copier(x.layout, sliced(dense(out.sizes), axis, before, x.layout.sizes[axis]))
  return ([from, values], [y]) => {
    y.fill(values[value.layout.offset])
    inside(from, y)
  }
}

/** The start of a window, moved so that the window is inside. */
const clamped = (start: number, size: number, whole: number) => Math.max(0, Math.min(start, whole - size))

export const dynamicSlice: MakeKernel<AttributesOf<'dynamicSlice'>> = ([x, start], { axis, size }, [out]) => {
  const whole = x.layout.sizes[axis]
  const window = copier(sliced(x.layout, axis, 0, size), dense(out.sizes))
  return ([from, starts], [y]) =>
    window(from, y, clamped(starts[start.layout.offset], size, whole) * x.layout.strides[axis])
}

export const dynamicUpdateSlice: MakeKernel<AttributesOf<'dynamicUpdateSlice'>> = (
  [x, update, start],
  { axis },
  [out],
) => {
  const whole = dense(out.sizes)
  const size = update.layout.sizes[axis]
  const all = copier(x.layout, whole)
  const window = copier(update.layout, sliced(whole, axis, 0, size))
  return ([from, updates, starts], [y]) => {
    all(from, y)
    window(updates, y, 0, clamped(starts[start.layout.offset], size, out.sizes[axis]) * whole.strides[axis])
  }
}
