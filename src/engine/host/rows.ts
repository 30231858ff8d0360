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
import { f32x4, i32x4, v128 } from './wasm/vector.js'
import type { Code } from './wasm/assembler.js'
import * as v from './wasm/rows.js'
import { reduceMax, reduceMin, reduceSum } from './reduce.js'

/** How a primitive is computed on arrays in the host's memory. */
export type Rule<A> =
  /** Numbers known before a run, and their layout. */
  | { readonly known: (attributes: A) => { readonly numbers: Numbers; readonly layout: Layout } }
  /** A layout of the first operand's array, or null where there is none and it must be copied first. */
  | { readonly view: (layout: Layout, attributes: A, node: Node) => Layout | null }
  /**
   * An expression of each element, fused with others of its sizes into a loop: in JavaScript, and in WebAssembly SIMD,
   * which is used where all expressions of a loop have it.
   */
  | { readonly element: e.Expression<A>; readonly vector?: v.Vector<A> }
  | { readonly kernel: MakeKernel<A> }
  /** The plan handles it: a body of operations, or an identity. */
  | 'plan'

const element = (expression: e.Expression<unknown>, vector?: v.Vector<unknown>) => ({ element: expression, vector })
const both = (operator: string, vector: (a: Code, b: Code) => Code) =>
  element(
    e.plain((a, b) => `${a} ${operator} ${b}`),
    v.byDtype(null, vector, vector),
  )
/** Of u32 as of i32: the low 32 bits are the same. */
const wrapping = (
  floats: (a: string, b: string) => string,
  integers: (a: string, b: string) => string,
  vector: v.Vector<unknown>,
) => element(([a, b], dtype) => (isFloat(dtype) ? floats(a, b) : integers(a, b)), vector)

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
    v.unary(f32x4.neg, i32x4.neg),
  ),
  abs: wrapping(
    (a) => `Math.abs(${a})`,
    (a) => `Math.abs(${a}) | 0`,
    v.unary(f32x4.abs, i32x4.abs),
  ),
  sign: element(e.sign, v.sign),
  not: element(e.not, v.byDtype(null, v128.not, v128.not)),
  exp: element(e.call('exp'), v.exp),
  expm1: element(e.call('expm1'), v.perLane('expm1')),
  log: element(e.call('log'), v.log),
  log1p: element(e.call('log1p'), v.perLane('log1p')),
  sqrt: element(e.call('sqrt'), v.unary(f32x4.sqrt)),
  rsqrt: element(
    e.plain((a) => `1 / Math.sqrt(${a})`),
    v.rsqrt,
  ),
  tanh: element(e.tanh, v.tanh),
  sin: element(e.call('sin'), v.perLane('sin')),
  cos: element(e.call('cos'), v.perLane('cos')),
  sigmoid: element(
    e.plain((a) => `1 / (1 + Math.exp(-${a}))`),
    v.sigmoid,
  ),
  floor: element(e.call('floor'), v.unary(f32x4.floor)),
  stopGradient: 'plan',
  add: wrapping(
    (a, b) => `${a} + ${b}`,
    (a, b) => `(${a} + ${b}) | 0`,
    v.byDtype(f32x4.add, i32x4.add),
  ),
  sub: wrapping(
    (a, b) => `${a} - ${b}`,
    (a, b) => `(${a} - ${b}) | 0`,
    v.byDtype(f32x4.sub, i32x4.sub),
  ),
  mul: wrapping(
    (a, b) => `${a} * ${b}`,
    (a, b) => `Math.imul(${a}, ${b})`,
    v.byDtype(f32x4.mul, i32x4.mul),
  ),
  div: element(e.divide, v.byDtype(f32x4.div)),
  pow: element(e.power, v.perLane('pow')),
  maximum: element(e.extreme('max'), v.ordered(f32x4.max, i32x4.maxSigned, i32x4.maxUnsigned, v128.or)),
  minimum: element(e.extreme('min'), v.ordered(f32x4.min, i32x4.minSigned, i32x4.minUnsigned, v128.and)),
  remainder: element(e.remainder, v.perLane('remainder')),
  and: both('&', v128.and),
  or: both('|', v128.or),
  xor: both('^', v128.xor),
  shiftLeft: element(e.shift('<<'), v.shift(i32x4.shl)),
  shiftRight: element(e.shift('>>>'), v.shift(i32x4.shrUnsigned)),
  compare: { element: e.compare, vector: v.compare },
  select: element(
    e.plain((which, a, b) => `(${which} ? ${a} : ${b})`),
    v.select,
  ),
  cast: element(e.cast, v.cast),
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
