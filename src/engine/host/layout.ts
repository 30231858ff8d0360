import { productOf, type Dim } from '../../tensor/dim.js'

/**
 * Where a value's elements lie in an array: element (i, j, ...) at offset + i * strides[0] + j * strides[1] + ...
 * Broadcasts, transposes and slices are layouts of what they look at, so that they cost nothing.
 */
export interface Layout {
  readonly offset: number
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
}

export const sizesOf = (dims: readonly Dim[]): number[] => dims.map(({ size }) => size)

/** Row-major from the beginning. */
export function dense(sizes: readonly number[]): Layout {
  const strides = Array<number>(sizes.length)
  for (let i = sizes.length - 1, stride = 1; i >= 0; stride *= sizes[i--]) strides[i] = stride
  return { offset: 0, sizes, strides }
}

/** Whether the elements lie one after the other in row-major order, from `offset` on. */
export function isContiguous({ sizes, strides }: Layout): boolean {
  for (let i = sizes.length - 1, stride = 1; i >= 0; stride *= sizes[i--])
    if (sizes[i] !== 1 && strides[i] !== stride) return false
  return true
}

/** Whether all elements are one and the same in memory. */
export const isScalar = ({ sizes, strides }: Layout): boolean =>
  strides.every((stride, i) => stride === 0 || sizes[i] === 1)

export function transposed({ offset, sizes, strides }: Layout, permutation: readonly number[]): Layout {
  return { offset, sizes: permutation.map((axis) => sizes[axis]), strides: permutation.map((axis) => strides[axis]) }
}

/** `from[i]` is the axis of `x` that axis i of the result is, or -1 for a new one, along which `x` repeats. */
export function repeated({ offset, strides }: Layout, from: readonly number[], sizes: readonly number[]): Layout {
  return { offset, sizes, strides: from.map((axis) => (axis < 0 ? 0 : strides[axis])) }
}

export function sliced({ offset, sizes, strides }: Layout, axis: number, start: number, size: number): Layout {
  return { offset: offset + start * strides[axis], sizes: sizes.map((full, i) => (i === axis ? size : full)), strides }
}

/** The same elements in row-major order under other sizes, or null where no strides say that. */
export function reshaped(x: Layout, sizes: readonly number[]): Layout | null {
  const { sizes: runs, strides: steps } = collapse([x])
  const strides = Array<number>(sizes.length).fill(0)
  let at = runs.length
  let left = 1
  let stride = 0
  for (let i = sizes.length - 1; i >= 0; i--) {
    if (sizes[i] === 1) continue
    if (left === 1) [left, stride] = [runs[--at], steps[0][at]]
    if (left % sizes[i] !== 0) return null
    strides[i] = stride
    stride *= sizes[i]
    left /= sizes[i]
  }
  return { offset: x.offset, sizes, strides }
}

/** Common loops over layouts of equal sizes: as few as there can be, without those of one turn. */
export function collapse(layouts: readonly Layout[]): { sizes: number[]; strides: number[][] } {
  const sizes: number[] = []
  const strides = layouts.map((): number[] => [])
  layouts[0].sizes.forEach((size, axis) => {
    if (size === 1) return
    const last = sizes.length - 1
    const joins = last >= 0 && layouts.every((x, i) => strides[i][last] === x.strides[axis] * size)
    if (joins) sizes[last] *= size
    else sizes.push(size)
    layouts.forEach((x, i) => (strides[i][joins ? last : last + 1] = x.strides[axis]))
  })
  return { sizes, strides }
}

export function without({ offset, sizes, strides }: Layout, axis: number): Layout {
  const rest = (list: readonly number[]) => list.filter((_, i) => i !== axis)
  return { offset, sizes: rest(sizes), strides: rest(strides) }
}

/** Places of all elements in row-major order. */
export function offsetsOf({ offset, sizes, strides }: Layout): Int32Array {
  const offsets = new Int32Array(productOf(sizes))
  offsets[0] = offset
  for (let i = sizes.length - 1, filled = 1; i >= 0; filled *= sizes[i--])
    for (let at = filled; at < filled * sizes[i]; at++) offsets[at] = offsets[at - filled] + strides[i]
  return offsets
}
