import { showDims, sizeOf, type Dim } from '../dim.js'
import { axisOf, OpError } from '../errors.js'
import { primitive, type Grads } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { constant } from './constant.js'
import { zeros } from './fill.js'
import { COPY, VIEW } from '../traits.js'

/** Elements [start, start + size) of one axis; other dims and the dtype stay. Gradient: zeros outside the window. */
export const sliceOp = primitive('slice', {
  result([x], { axis, start, size }: { axis: number; start: number; size: number }) {
    const along = x.dims[axis]
    if (start < 0 || size < 1 || start + size > along.size)
      throw new OpError(
        'slice',
        [x],
        `[${start}, ${start + size}) is outside dim "${along.name}" of size ${along.size}`,
      )
    return { dtype: x.dtype, dims: resized(x.dims, axis, size) }
  },
  gradient({ inputs: [x], grad, attributes: { axis, start, size } }): Grads {
    return [padOp([grad, constant(0, grad.dtype)], { axis, before: start, after: x.dims[axis].size - start - size })]
  },
  show: ({ axis, start, size }) => ({ axis, start, size }),
  traits: { ...VIEW, resizes: true },
})

/** Adds elements equal to the second input, a scalar, before and after one axis. */
export const padOp = primitive('pad', {
  result([x], { axis, before, after }: { axis: number; before: number; after: number }) {
    if (before < 0 || after < 0)
      throw new OpError('pad', [x], `cannot pad by ${before} and ${after}`, 'slice takes elements away')
    return { dtype: x.dtype, dims: resized(x.dims, axis, x.dims[axis].size + before + after) }
  },
  gradient({ inputs: [x], grad, attributes: { axis, before } }): Grads {
    return [sliceOp([grad], { axis, start: before, size: x.dims[axis].size }), null]
  },
  show: ({ axis, before, after }) => ({ axis, before, after }),
  traits: { ...VIEW, resizes: true },
})

/** Joins tensors along one axis. */
export const concatOp = primitive('concat', {
  result(inputs, { axis }: { axis: number }) {
    const [first] = inputs
    for (const x of inputs)
      if (
        x.dtype !== first.dtype ||
        x.dims.length !== first.dims.length ||
        x.dims.some((dim, i) => dim.name !== first.dims[i].name || (i !== axis && dim.size !== first.dims[i].size))
      )
        throw new OpError('concat', inputs, `operands may differ only in the size of "${first.dims[axis].name}"`)
    return {
      dtype: first.dtype,
      dims: resized(
        first.dims,
        axis,
        inputs.reduce((size, x) => size + x.dims[axis].size, 0),
      ),
    }
  },
  gradient({ inputs, grad, attributes: { axis } }): Grads {
    let start = 0
    return inputs.map((x) => {
      const { size } = x.dims[axis]
      start += size
      return sliceOp([grad], { axis, start: start - size, size })
    })
  },
  show: ({ axis }) => ({ axis }),
  traits: COPY,
})

/** As slice, but the start is the second input, an i32 scalar; it is clamped so that the window stays inside. */
export const dynamicSliceOp = primitive('dynamicSlice', {
  result([x, start], { axis, size }: { axis: number; size: number }) {
    scalarIndex('dynamicSlice', [x, start], start)
    if (size < 1 || size > x.dims[axis].size)
      throw new OpError(
        'dynamicSlice',
        [x],
        `size ${size} is outside dim "${x.dims[axis].name}" of size ${x.dims[axis].size}`,
      )
    return { dtype: x.dtype, dims: resized(x.dims, axis, size) }
  },
  gradient({ inputs: [x, start], grad, attributes: { axis } }): Grads {
    return [dynamicUpdateSliceOp([zeros(x.dims, grad.dtype), grad, start], { axis }), null]
  },
  show: ({ axis, size }) => ({ axis, size }),
  traits: COPY,
})

/** The first input with the second written over it from `start` (third input, i32 scalar, clamped) along one axis. */
export const dynamicUpdateSliceOp = primitive('dynamicUpdateSlice', {
  result([x, update, start], { axis }: { axis: number }) {
    scalarIndex('dynamicUpdateSlice', [x, update, start], start)
    if (
      update.dtype !== x.dtype ||
      update.dims.length !== x.dims.length ||
      update.dims.some(
        (dim, i) =>
          dim.name !== x.dims[i].name || (i === axis ? dim.size > x.dims[i].size : dim.size !== x.dims[i].size),
      )
    )
      throw new OpError(
        'dynamicUpdateSlice',
        [x, update],
        `the update may differ only in a smaller "${x.dims[axis].name}"`,
      )
    return { dtype: x.dtype, dims: x.dims }
  },
  gradient({ inputs: [, update, start], grad, attributes: { axis } }): Grads {
    return [
      dynamicUpdateSliceOp([grad, zeros(update.dims, grad.dtype), start], { axis }),
      dynamicSliceOp([grad, start], { axis, size: update.dims[axis].size }),
      null,
    ]
  },
  show: ({ axis }) => ({ axis }),
  traits: COPY,
})

/** Elements [start, start + size) along a dim. */
export function slice<N extends string, R extends N>(
  x: Tensor<N>,
  along: Dim<R>,
  start: number,
  size: number,
): Tensor<N> {
  const axis = axisOf('slice', [x], 0, along)
  return start === 0 && size === along.size ? x : sliceOp([x], { axis, start, size })
}

/** Adds `before` and `after` elements of `value` along a dim. */
export function pad<N extends string, R extends N>(
  x: Tensor<N>,
  along: Dim<R>,
  before: number,
  after: number,
  value = 0,
): Tensor<N> {
  const axis = axisOf('pad', [x], 0, along)
  return before === 0 && after === 0 ? x : padOp([x, constant(value, x.dtype)], { axis, before, after })
}

/** Joins tensors along the dim of this name, whose sizes may differ; dims in the first one's order. */
export function concat<N extends string>(inputs: readonly Tensor<N>[], along: N): Tensor<N> {
  const axis = inputs[0].dims.findIndex(({ name }) => name === along)
  if (axis < 0) throw new OpError('concat', inputs, `no dim "${along}" in operand 0`)
  return inputs.length === 1 ? inputs[0] : concatOp(inputs, { axis })
}

/** `size` elements along a dim from an i32 scalar start, clamped to stay inside. */
export function dynamicSlice<N extends string, R extends N>(
  x: Tensor<N>,
  along: Dim<R>,
  start: Tensor<never>,
  size: number,
): Tensor<N> {
  return dynamicSliceOp([x, start], { axis: axisOf('dynamicSlice', [x], 0, along), size })
}

/** `x` with `update` written from an i32 scalar start along a dim of `x`, clamped to stay inside. */
export function dynamicUpdateSlice<N extends string, R extends N>(
  x: Tensor<N>,
  along: Dim<R>,
  start: Tensor<never>,
  update: Tensor<N>,
): Tensor<N> {
  return dynamicUpdateSliceOp([x, update, start], { axis: axisOf('dynamicUpdateSlice', [x], 0, along) })
}

function resized(dims: readonly Dim[], axis: number, size: number): Dim[] {
  return dims.map((dim, i) => (i === axis ? { name: dim.name, size } : dim))
}

function scalarIndex(
  op: string,
  operands: readonly { dims: readonly Dim[]; dtype: Tensor['dtype'] }[],
  start: { dims: readonly Dim[]; dtype: Tensor['dtype'] },
): void {
  if (sizeOf(start.dims) !== 1 || start.dims.length > 0 || start.dtype !== 'i32')
    throw new OpError(op, operands, `the start must be an i32 scalar, not ${start.dtype} ${showDims(start.dims)}`)
}
