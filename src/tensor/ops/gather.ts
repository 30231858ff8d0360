import { sameDims, type Dim } from '../dim.js'
import { axisOf, OpError, refuseTwins } from '../errors.js'
import { primitive, type Grads } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { and, mask } from './binary.js'
import { cast } from './cast.js'
import { compare } from './compare.js'
import { range } from './constant.js'
import { zeros } from './fill.js'
import { sum } from './reduce.js'
import { INDEXING } from '../traits.js'

/** Slices of one axis picked by ids (i32): the ids' dims replace that axis. Ids outside are clamped. */
export const takeOp = primitive('take', {
  result([table, ids], { axis }: { axis: number }) {
    if (ids.dtype !== 'i32')
      throw new OpError('take', [table, ids], `ids are ${ids.dtype}, not i32`, 'cast them: .cast("i32")')
    const dims = [...table.dims.slice(0, axis), ...ids.dims, ...table.dims.slice(axis + 1)]
    refuseTwins('take', [table, ids], dims)
    return { dims, dtype: table.dtype }
  },
  gradient: ({ inputs: [table, ids], grad, attributes: { axis } }): Grads => [
    scatterAddOp([zeros(table.dims, grad.dtype), ids, grad], { axis }),
    null,
  ],
  show: ({ axis }) => ({ axis }),
  // Rows of a split table: each device has some of them.
  traits: { ...INDEXING, sums: ({ axis }) => [[axis], []] },
})

/** The first input plus, at each id along `axis`, that slice of the third input. The adjoint of take. */
export const scatterAddOp = primitive('scatterAdd', {
  result([x, ids, updates], { axis }: { axis: number }) {
    const dims = [...x.dims.slice(0, axis), ...ids.dims, ...x.dims.slice(axis + 1)]
    if (ids.dtype !== 'i32' || updates.dtype !== x.dtype || !sameDims(dims, updates.dims))
      throw new OpError(
        'scatterAdd',
        [x, ids, updates],
        "updates must have the dims of x with the ids' dims instead of the indexed one",
      )
    return { dims: x.dims, dtype: x.dtype }
  },
  gradient: ({ inputs: [, ids], grad, attributes: { axis } }): Grads => [grad, null, takeOp([grad, ids], { axis })],
  show: ({ axis }) => ({ axis }),
  // Updates of rows come from all devices that have a part of the ids.
  traits: { ...INDEXING, inPlace: true, sums: (_, [, ids]) => [[], ids.dims.map((_, i) => i), []] },
})

/** Slices of `table` along a dim at `ids` (i32). Ids must be inside the dim; others take the nearest slice. */
export function take<N extends string, R extends N, M extends string>(
  table: Tensor<N>,
  along: Dim<R>,
  ids: Tensor<M>,
): Tensor<Exclude<N, R> | M> {
  return takeOp([table, ids], { axis: axisOf('take', [table], 0, along) })
}

/**
 * Rows of an embedding. An id outside the table gives a zero vector, as GPT-Neo's one-hot product does
 * (its padding id may equal the vocabulary size).
 */
export function embed<N extends string, R extends N, M extends string>(
  table: Tensor<N>,
  along: Dim<R>,
  ids: Tensor<M>,
): Tensor<Exclude<N, R> | M> {
  const inside = and(compare(ids, 'GE', 0), compare(ids, 'LT', along.size))
  return mask(take(table, along, ids), inside) as Tensor
}

/** 1 at the id and 0 elsewhere along a new dim; all 0 for an id outside. */
export function oneHot<N extends string, R extends string>(
  ids: Tensor<N>,
  along: Dim<R>,
  dtype: Tensor['dtype'] = 'f32',
): Tensor<N | R> {
  return cast(compare(ids, 'EQ', range(along, 'i32')), dtype)
}

/** The element of `x` at the id along a dim, for each other position; 0 for an id outside. */
export function pick<N extends string, R extends N, M extends string>(
  x: Tensor<N>,
  along: Dim<R>,
  ids: Tensor<M>,
): Tensor<Exclude<N, R> | M> {
  return sum(mask(x, compare(ids, 'EQ', range(along, 'i32'))), along as Dim<any>) as Tensor
}
