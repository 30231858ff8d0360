import { primitive } from '../primitive.js'
import type { Tensor, Value } from '../tensor.js'
import { IDENTITY } from '../traits.js'

/** What a tensor is for, which may decide how a mesh splits it. */
export type Role = 'computation' | 'parameters'

/**
 * The same tensor in another role. On a mesh whose parameters are split further than computations, this is where they
 * are gathered; and where their gradients, which come back the other way, are scattered. Elsewhere it is nothing.
 */
export const relayoutOp = primitive('relayout', {
  result: ([x], _: { role: Role }) => ({ dims: x.dims, dtype: x.dtype }),
  gradient: ({ grad, attributes: { role } }) => [
    relayout(grad, role === 'parameters' ? 'computation' : 'parameters') as Tensor,
  ],
  show: ({ role }) => ({ role }),
  traits: { ...IDENTITY, placement: 'given' },
})

/** The same tensor, to be laid out for a role: see `relayoutOp`. */
export function relayout<N extends string>(x: Tensor<N>, role: Role): Tensor<N>
export function relayout(x: Value, role: Role): Value
export function relayout(x: Value, role: Role): Value {
  return relayoutOp([x], { role })
}
