import { sameDims } from '../dim.js'
import { isFloat, isInteger } from '../dtype.js'
import { OpError } from '../errors.js'
import { primitive, type Shape } from '../primitive.js'
import type { Tensor } from '../tensor.js'
import { together } from './broadcast.js'
import { cast } from './cast.js'
import { compare } from './compare.js'
import { fill } from './fill.js'
import { where } from './select.js'
import { log } from './unary.js'
import { ELEMENTWISE, TRANSCENDENTAL, type Traits } from '../traits.js'

type Pair = readonly [Tensor | null, Tensor | null]
type Kind = 'numbers' | 'floats' | 'integers' | 'booleans or integers'

const accepts: Record<Kind, (x: Shape) => boolean> = {
  numbers: (x) => x.dtype !== 'bool',
  floats: (x) => isFloat(x.dtype),
  integers: (x) => isInteger(x.dtype),
  'booleans or integers': (x) => x.dtype === 'bool' || isInteger(x.dtype),
}

/** An elementwise function of two tensors of equal dims and dtype (public functions broadcast first). */
function binary<const P extends string>(
  name: P,
  kind: Kind,
  gradient: (grad: Tensor, a: Tensor, b: Tensor, y: Tensor) => Pair,
  traits: Traits<unknown> = ELEMENTWISE,
) {
  return primitive(name, {
    result([a, b], _: Record<string, never>) {
      if (!accepts[kind](a)) throw new OpError(name, [a, b], `needs ${kind}, not ${a.dtype}`)
      if (!sameDims(a.dims, b.dims) || a.dtype !== b.dtype)
        throw new OpError(name, [a, b], 'operands must have the same dims and dtype')
      return { dims: a.dims, dtype: a.dtype }
    },
    gradient: ({ inputs: [a, b], outputs: [y], grad }) => gradient(grad, a, b, y),
    show: () => ({}),
    traits,
  })
}

const none: Pair = [null, null]
/** The share of a gradient that the chosen operand of max or min gets: all, or half each at a tie. */
function chosen(grad: Tensor, mine: Tensor, other: Tensor, y: Tensor): Tensor {
  const half = where(compare(mine, 'EQ', other), grad.mul(0.5), grad)
  return where(compare(mine, 'EQ', y), half, fill(grad.dims, 0, grad.dtype))
}

export const addOp = binary('add', 'numbers', (grad) => [grad, grad])
export const subOp = binary('sub', 'numbers', (grad) => [grad, grad.neg()])
export const mulOp = binary('mul', 'numbers', (grad, a, b) => [grad.mul(b), grad.mul(a)])
export const divOp = binary('div', 'numbers', (grad, _, b, y) => [grad.div(b), grad.mul(y).div(b).neg()])
export const powOp = binary(
  'pow',
  'floats',
  (grad, a, b, y) => {
    const is0 = (x: Tensor) => compare(x, 'EQ', 0)
    const fillAs = (x: Tensor, value: number) => fill(x.dims, value, x.dtype)
    // Both rules pick 0 at their singular points, as JAX does. The operands are replaced there, too: what is picked away must
    // be finite, or a second gradient would multiply its infinity by 0.
    const [one, flat, base0] = [fillAs(b, 1), is0(b), is0(a)]
    const dA = b.mul(a.pow(where(flat, one, b).sub(1)))
    const dB = y.mul(log(where(base0, fillAs(a, 1), a)))
    return [grad.mul(where(flat, fillAs(b, 0), dA)), grad.mul(where(base0, fillAs(a, 0), dB))]
  },
  TRANSCENDENTAL,
)
export const maximumOp = binary('maximum', 'numbers', (grad, a, b, y) => [chosen(grad, a, b, y), chosen(grad, b, a, y)])
export const minimumOp = binary('minimum', 'numbers', (grad, a, b, y) => [chosen(grad, a, b, y), chosen(grad, b, a, y)])
/** Remainder with the sign of the dividend, as C's %. */
export const remainderOp = binary('remainder', 'integers', () => none)
export const andOp = binary('and', 'booleans or integers', () => none)
export const orOp = binary('or', 'booleans or integers', () => none)
export const xorOp = binary('xor', 'booleans or integers', () => none)
export const shiftLeftOp = binary('shiftLeft', 'integers', () => none)
/** Shift that fills with zero bits. */
export const shiftRightOp = binary('shiftRight', 'integers', () => none)

type Operand<N extends string> = Tensor<N> | number

/** a + b, over the union of the dims. */
export const add = <N extends string = never, M extends string = never>(a: Tensor<N>, b: Operand<M>): Tensor<N | M> =>
  addOp(together('add', [a, b]), {})
/** a - b, over the union of the dims. */
export const sub = <N extends string = never, M extends string = never>(a: Operand<N>, b: Operand<M>): Tensor<N | M> =>
  subOp(together('sub', [a, b]), {})
/** a * b, over the union of the dims. */
export const mul = <N extends string = never, M extends string = never>(a: Tensor<N>, b: Operand<M>): Tensor<N | M> =>
  mulOp(together('mul', [a, b]), {})
/** a / b, over the union of the dims. */
export const div = <N extends string = never, M extends string = never>(a: Operand<N>, b: Operand<M>): Tensor<N | M> =>
  divOp(together('div', [a, b]), {})
/** a to the power b, over the union of the dims. */
export const pow = <N extends string = never, M extends string = never>(a: Operand<N>, b: Operand<M>): Tensor<N | M> =>
  powOp(together('pow', [a, b]), {})
/** The larger of two elements; equal ones share the gradient. */
export const maximum = <N extends string = never, M extends string = never>(
  a: Tensor<N>,
  b: Operand<M>,
): Tensor<N | M> => maximumOp(together('maximum', [a, b]), {})
/** The smaller of two elements; equal ones share the gradient. */
export const minimum = <N extends string = never, M extends string = never>(
  a: Tensor<N>,
  b: Operand<M>,
): Tensor<N | M> => minimumOp(together('minimum', [a, b]), {})
/** The remainder of a / b, of integers. */
export const remainder = <N extends string = never, M extends string = never>(
  a: Tensor<N>,
  b: Operand<M>,
): Tensor<N | M> => remainderOp(together('remainder', [a, b]), {})
/** And: of booleans logical, of integers bitwise. */
export const and = <N extends string = never, M extends string = never>(a: Tensor<N>, b: Operand<M>): Tensor<N | M> =>
  andOp(together('and', [a, b]), {})
/** Or: of booleans logical, of integers bitwise. */
export const or = <N extends string = never, M extends string = never>(a: Tensor<N>, b: Operand<M>): Tensor<N | M> =>
  orOp(together('or', [a, b]), {})
/** Exclusive or: of booleans logical, of integers bitwise. */
export const xor = <N extends string = never, M extends string = never>(a: Tensor<N>, b: Operand<M>): Tensor<N | M> =>
  xorOp(together('xor', [a, b]), {})
/** Integers a shifted left by b bits. */
export const shiftLeft = <N extends string = never, M extends string = never>(
  a: Tensor<N>,
  b: Operand<M>,
): Tensor<N | M> => shiftLeftOp(together('shiftLeft', [a, b]), {})
/** Integers a shifted right by b bits. */
export const shiftRight = <N extends string = never, M extends string = never>(
  a: Tensor<N>,
  b: Operand<M>,
): Tensor<N | M> => shiftRightOp(together('shiftRight', [a, b]), {})

/** a * b where b is a boolean mask: a where true, 0 elsewhere. */
export function mask<N extends string = never, M extends string = never>(a: Tensor<N>, keep: Tensor<M>): Tensor<N | M> {
  return mul(a, cast(keep, a.dtype))
}
