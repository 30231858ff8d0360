import { sizeOf } from '../../tensor/dim.js'
import { isFloat } from '../../tensor/dtype.js'
import type { AttributesOf, PrimitiveName } from '../../tensor/ops/index.js'
import type { Node } from '../../tensor/tensor.js'
import { numbersOf, type Numbers } from './arrays.js'
import { concat, dynamicSlice, dynamicUpdateSlice, pad } from './copy.js'
import { dot } from './matmul.js'
import * as e from './expressions.js'
import { scatterAdd, take } from './gather.js'
import type { MakeKernel } from './kernel.js'
import { argmax, cumsum, sort } from './axis-kernels.js'
import { repeated, reshaped, sizesOf, sliced, transposed, type Layout } from './layout.js'
import { reduceMax, reduceMin, reduceSum } from './reduce.js'

/** How a primitive is computed on arrays in the host's memory. */
export type Rule<A> =
  /** Numbers known before a run, and their layout. */
  | { readonly known: (attributes: A) => { readonly numbers: Numbers; readonly layout: Layout } }
  /** A layout of the first operand's array, or null where there is none and it must be copied first. */
  | { readonly view: (layout: Layout, attributes: A, node: Node) => Layout | null }
  /** An expression of each element, fused with others of its sizes into a loop. */
  | { readonly element: e.Expression<A> }
  | { readonly kernel: MakeKernel<A> }
  /** The plan handles it: a body of operations, or an identity. */
  | 'plan'

const element = (expression: e.Expression<unknown>) => ({ element: expression })
const both = (operator: string) => element(e.plain((a, b) => `${a} ${operator} ${b}`))
/** Of u32 as of i32: the low 32 bits are the same. */
const wrapping = (floats: (a: string, b: string) => string, integers: (a: string, b: string) => string) =>
  element(([a, b], dtype) => (isFloat(dtype) ? floats(a, b) : integers(a, b)))

/** A row for each primitive: the compiler refuses a missing one. */
export const hostKernels: { readonly [P in PrimitiveName]: Rule<AttributesOf<P>> } = {
  constant: {
    known: ({ value, dtype }) => ({
      numbers: numbersOf([value], dtype),
      layout: { offset: 0, sizes: [], strides: [] },
    }),
  },
  literal: {
    known: ({ dims, dtype, values }) => {
      const numbers = numbersOf(values, dtype)
      return { numbers, layout: reshaped({ offset: 0, sizes: [sizeOf(dims)], strides: [1] }, sizesOf(dims))! }
    },
  },
  iota: {
    known: ({ dims, axis, dtype }) => ({
      numbers: numbersOf(
        Array.from({ length: dims[axis].size }, (_, i) => i),
        dtype,
      ),
      layout: { offset: 0, sizes: sizesOf(dims), strides: dims.map((_, i) => (i === axis ? 1 : 0)) },
    }),
  },
  neg: wrapping(
    (a) => `-${a}`,
    (a) => `-${a} | 0`,
  ),
  abs: wrapping(
    (a) => `Math.abs(${a})`,
    (a) => `Math.abs(${a}) | 0`,
  ),
  sign: element(e.sign),
  not: element(e.not),
  exp: element(e.call('exp')),
  expm1: element(e.call('expm1')),
  log: element(e.call('log')),
  log1p: element(e.call('log1p')),
  sqrt: element(e.call('sqrt')),
  rsqrt: element(e.plain((a) => `1 / Math.sqrt(${a})`)),
  tanh: element(e.tanh),
  sin: element(e.call('sin')),
  cos: element(e.call('cos')),
  sigmoid: element(e.plain((a) => `1 / (1 + Math.exp(-${a}))`)),
  floor: element(e.call('floor')),
  stopGradient: 'plan',
  add: wrapping(
    (a, b) => `${a} + ${b}`,
    (a, b) => `(${a} + ${b}) | 0`,
  ),
  sub: wrapping(
    (a, b) => `${a} - ${b}`,
    (a, b) => `(${a} - ${b}) | 0`,
  ),
  mul: wrapping(
    (a, b) => `${a} * ${b}`,
    (a, b) => `Math.imul(${a}, ${b})`,
  ),
  div: element(e.divide),
  pow: element(e.power),
  maximum: element(e.extreme('max')),
  minimum: element(e.extreme('min')),
  remainder: element(e.remainder),
  and: both('&'),
  or: both('|'),
  xor: both('^'),
  shiftLeft: element(e.shift('<<')),
  shiftRight: element(e.shift('>>>')),
  compare: { element: e.compare },
  select: element(e.plain((which, a, b) => `(${which} ? ${a} : ${b})`)),
  cast: element(e.cast),
  broadcast: {
    view: (layout, { dims }, { inputs: [x] }) =>
      repeated(
        layout,
        dims.map(({ name }) => x.dims.findIndex((dim) => dim.name === name)),
        sizesOf(dims),
      ),
  },
  reshape: { view: (layout, { dims }) => reshaped(layout, sizesOf(dims)) },
  transpose: { view: (layout, { permutation }) => transposed(layout, permutation) },
  reduceSum: { kernel: reduceSum },
  reduceMax: { kernel: reduceMax },
  reduceMin: { kernel: reduceMin },
  argmax: { kernel: argmax },
  dot: { kernel: dot },
  slice: { view: (layout, { axis, start, size }) => sliced(layout, axis, start, size) },
  pad: { kernel: pad },
  concat: { kernel: concat },
  dynamicSlice: { kernel: dynamicSlice },
  dynamicUpdateSlice: { kernel: dynamicUpdateSlice },
  take: { kernel: take },
  scatterAdd: { kernel: scatterAdd },
  cumsum: { kernel: cumsum },
  sort: { kernel: sort },
  scan: 'plan',
  call: 'plan',
  barrier: 'plan',
  relayout: 'plan',
}
