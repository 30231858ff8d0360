import {
  constant,
  dim,
  einsum,
  range,
  scan,
  shiftLeft,
  where,
  withGradient,
  xor,
  type Dim,
  type Tensor,
} from '../../tensor/index.js'
import { tileIndices } from './tiles.js'

/**
 * (I - n)^-1 of strictly lower triangular matrices [..., rows, columns] whose size is a power of two. f32. Blocks of 1, 2,
 * 4, ... on the diagonal are inverted one after the other: with n_s the part of n that joins two blocks of s to one of
 * 2 s, the inverse of that is t + t n_s t. Unlike the product of (I + n^(2^k)), whose powers grow like binomials and cancel
 * where keys repeat, it is as accurate as forward substitution.
 */
export function triangularInverse(n: Tensor, rows: Dim, columns: Dim): Tensor {
  const [out] = withGradient(
    'triangular_inverse',
    {
      forward(inputs) {
        const t = inverse(inputs[0], rows, columns)
        return [[t], [t]]
      },
      /** dn = t^T dt t^T. */
      backward([t], [grad]) {
        const [first, second] = [inner(rows), dim(`${columns.name}_inner`, columns.size)]
        const left = einsum([t.rename(rows, first).rename(columns, rows), grad.rename(rows, first)], t.dims)
        return [einsum([left.rename(columns, second), t.rename(columns, second).rename(rows, columns)], t.dims)]
      },
    },
    ([n]) => [inverse(n, rows, columns)],
  )([n])
  return out
}

const inner = ({ name, size }: Dim) => dim(`${name}_inner`, size)

function inverse(n: Tensor, rows: Dim, columns: Dim): Tensor {
  // The highest bit in which two indices differ says at which level they meet.
  const differing = xor(range(rows), range(columns))
  const level = (s: Tensor<never> | number): Tensor => {
    const most = typeof s === 'number' ? 2 * s : s.mul(2)
    return where(differing.greaterEqual(s), where(differing.less(most), n, 0), 0)
  }
  const identity = range(rows).equal(range(columns)).cast('f32')
  const pairs: Tensor = level(1).add(identity)
  const levels = Math.log2(rows.size) - 1
  if (levels < 1) return pairs
  const [a, b] = [inner(rows), inner(columns)]
  const middle = [...n.dims.slice(0, -2), a, columns]
  const step = (t: Tensor, s: Tensor<never> | number): Tensor => {
    const right = einsum([level(s).rename(rows, a).rename(columns, b), t.rename(rows, b)], middle)
    return t.add(einsum([t.rename(columns, a), right], n.dims))
  }
  if (levels === 1) return step(pairs, 2)
  // A loop, as each product takes long to compile.
  const all = dim('levels', levels)
  const [t] = scan(all, pairs, tileIndices(all), (t, at) => [step(t, shiftLeft(constant(2, 'i32'), at)), []] as const)
  return t
}
