import { isFloat } from '../../tensor/dtype.js'
import type { AttributesOf } from '../../tensor/ops/index.js'
import { productOf } from '../../tensor/dim.js'
import { ROUND } from './arrays.js'
import { copier } from './copy.js'
import type { MakeKernel } from './kernel.js'
import { dense, offsetsOf, type Layout } from './layout.js'

/** Fewest numbers for which copying memory is quicker than a loop. */
const LEAST_COPIED = 32

/** The axes before and after one. */
function around({ sizes, strides }: Layout, axis: number): { before: Layout; after: Layout } {
  const part = (from: number, to?: number) => ({
    offset: 0,
    sizes: sizes.slice(from, to),
    strides: strides.slice(from, to),
  })
  return { before: part(0, axis), after: part(axis + 1) }
}

/** Slices of one axis at ids; an id outside takes the nearest slice. */
export const take: MakeKernel<AttributesOf<'take'>> = ([{ layout }, ids], { axis }) => {
  const { before, after } = around(layout, axis)
  const [outer, inner, offsets] = [offsetsOf(before), offsetsOf(after), offsetsOf(ids.layout)]
  const last = layout.sizes[axis] - 1
  // Slices that lie in one piece, as the rows of an embedding, are copied as memory.
  const whole = inner.length >= LEAST_COPIED && inner.every((at, i) => at === i)
  return ([table, from], [y]) => {
    let o = 0
    for (const begin of outer)
      for (const offset of offsets) {
        const row = layout.offset + begin + Math.max(0, Math.min(from[offset], last)) * layout.strides[axis]
        if (whole) {
          y.set(table.subarray(row, row + inner.length), o)
          o += inner.length
        } else for (let i = 0; i < inner.length; i++) y[o++] = table[row + inner[i]]
      }
  }
}

/** The first input plus each slice of the third at its id; ids outside are left out. */
export const scatterAdd: MakeKernel<AttributesOf<'scatterAdd'>> = ([x, ids, updates], { axis }) => {
  const whole = dense(x.layout.sizes)
  const start = copier(x.layout, whole)
  const size = whole.sizes[axis]
  const rows = productOf(whole.sizes.slice(0, axis))
  const width = productOf(whole.sizes.slice(axis + 1))
  const [offsets, sources] = [offsetsOf(ids.layout), offsetsOf(updates.layout)]
  const round = isFloat(x.dtype) ? ROUND[x.dtype as 'f32'] : (sum: number) => sum | 0
  return ([from, at, more], [y]) => {
    start(from, y)
    let u = 0
    for (let row = 0; row < rows; row++)
      for (const offset of offsets) {
        const id = at[offset]
        if (id < 0 || id >= size) u += width
        else
          for (let o = (row * size + id) * width, end = o + width; o < end; o++) y[o] = round(y[o] + more[sources[u++]])
      }
  }
}
