import type * as tf from '@tensorflow/tfjs-core'
import { isFloat } from '../../tensor/dtype.js'
import type { Direction } from '../../tensor/ops/compare.js'
import type { AttributesOf, PrimitiveName } from '../../tensor/ops/index.js'
import type { Shape } from '../../tensor/primitive.js'
import { productOf } from '../../tensor/dim.js'
import { numbersOf } from '../host/arrays.js'
import type { Backend } from './backend.js'
import { sizesOf } from '../host/layout.js'

export interface RowArgs<A> {
  readonly backend: Backend
  readonly inputs: readonly tf.Tensor[]
  readonly attributes: A
  /** Dims and dtypes of the operands and results. */
  readonly given: readonly Shape[]
  readonly made: readonly Shape[]
}

/** A primitive by tfjs's own kernels, for backends whose memory is elsewhere. */
export interface TfjsRow<A> {
  /** The kernels that it needs; a backend that lacks one gets the host's kernel. */
  readonly kernels: readonly string[]
  readonly run: (args: RowArgs<A>) => tf.Tensor[]
  /** Operands may have size 1 where the result repeats them. */
  readonly broadcasts?: boolean
  /** The operand whose dtype decides whether tfjs computes it; 'both': the first one's and the result's. @default 0 */
  readonly decides?: number | 'both'
  /** Some backend's kernel is wrong or missing for booleans. */
  readonly floatsOnly?: boolean
}

/** tfjs has no kernel, or none that is right: computed in the host's memory (host/rows.ts). */
type Row<A> = TfjsRow<A> | 'host'

const unary = (kernel: string): Row<unknown> => ({
  kernels: [kernel],
  run: ({ backend, inputs: [x] }) => [backend.run(kernel, { x })],
})
const binary = (kernel: string): Row<unknown> => ({
  kernels: [kernel],
  broadcasts: true,
  run: ({ backend, inputs: [a, b] }) => [backend.run(kernel, { a, b })],
})
const reduce = (kernel: string): Row<{ axes: readonly number[] }> => ({
  kernels: [kernel],
  floatsOnly: true,
  run: ({ backend, inputs: [x], attributes: { axes } }) => [
    backend.run(kernel, { x }, { axis: axes, reductionIndices: axes, keepDims: false }),
  ],
})
const COMPARISONS: Record<Direction, string> = {
  EQ: 'Equal',
  NE: 'NotEqual',
  LT: 'Less',
  LE: 'LessEqual',
  GT: 'Greater',
  GE: 'GreaterEqual',
}

/** A row for each primitive of floats and booleans: the compiler refuses a missing one. Integers run on the host's kernels. */
export const ROWS: { readonly [P in PrimitiveName]: Row<AttributesOf<P>> } = {
  constant: 'host',
  literal: 'host',
  iota: 'host',
  neg: unary('Neg'),
  abs: unary('Abs'),
  sign: 'host', // tfjs gives 0 for NaN
  not: unary('LogicalNot'),
  exp: unary('Exp'),
  expm1: unary('Expm1'),
  log: unary('Log'),
  log1p: unary('Log1p'),
  sqrt: unary('Sqrt'),
  rsqrt: unary('Rsqrt'),
  tanh: unary('Tanh'),
  sin: unary('Sin'),
  cos: unary('Cos'),
  sigmoid: unary('Sigmoid'),
  floor: unary('Floor'),
  stopGradient: 'host',
  add: binary('Add'),
  sub: binary('Sub'),
  mul: binary('Multiply'),
  div: binary('RealDiv'),
  pow: { kernels: ['Pow', 'Equal', 'Abs', 'LogicalAnd', 'LogicalOr', 'Select'], run: power },
  maximum: binary('Maximum'),
  minimum: binary('Minimum'),
  remainder: 'host',
  and: binary('LogicalAnd'),
  or: binary('LogicalOr'),
  xor: binary('NotEqual'),
  shiftLeft: 'host',
  shiftRight: 'host',
  compare: {
    kernels: Object.values(COMPARISONS),
    broadcasts: true,
    floatsOnly: true,
    run: ({ backend, inputs: [a, b], attributes: { direction } }) => [backend.run(COMPARISONS[direction], { a, b })],
  },
  select: {
    kernels: ['Select'],
    decides: 1,
    floatsOnly: true, // wasm's writes 4 bytes for each
    run: ({ backend, inputs: [condition, t, e] }) => [backend.run('Select', { condition, t, e })],
  },
  cast: {
    kernels: ['Cast', 'NotEqual'],
    decides: 'both',
    run: ({ backend, inputs: [x], attributes: { dtype }, given: [from] }) => {
      if (isFloat(dtype)) return [backend.run('Cast', { x }, { dtype: 'float32' })]
      return [backend.run('NotEqual', { a: x, b: backend.array(numbersOf([0], from.dtype), [], from.dtype) })]
    },
  },
  broadcast: {
    kernels: ['Transpose', 'Reshape', 'Tile'],
    run({ backend, inputs: [x], attributes: { dims }, given: [from] }) {
      const axes = dims.map(({ name }) => from.dims.findIndex((dim) => dim.name === name))
      const perm = axes.filter((axis) => axis >= 0)
      const shape = dims.map(({ size }, i) => (axes[i] < 0 ? 1 : size))
      const ordered = backend.run('Transpose', { x }, { perm })
      const reps = dims.map(({ size }, i) => (axes[i] < 0 ? size : 1))
      return [backend.run('Tile', { x: backend.run('Reshape', { x: ordered }, { shape }) }, { reps })]
    },
  },
  reshape: {
    kernels: ['Reshape'],
    run: ({ backend, inputs: [x], attributes: { dims } }) => [backend.run('Reshape', { x }, { shape: sizesOf(dims) })],
  },
  transpose: {
    kernels: ['Transpose'],
    run: ({ backend, inputs: [x], attributes: { permutation: perm } }) => [backend.run('Transpose', { x }, { perm })],
  },
  reduceSum: reduce('Sum'),
  reduceMax: reduce('Max'),
  reduceMin: reduce('Min'),
  argmax: 'host', // tfjs's passes over NaN
  dot: { kernels: ['Transpose', 'Reshape', 'BatchMatMul'], run: dot },
  slice: {
    kernels: ['Slice'],
    run: ({ backend, inputs: [x], attributes: { axis, start }, made: [out] }) => [
      backend.run('Slice', { x }, { begin: at(x, axis, start), size: sizesOf(out.dims) }),
    ],
  },
  pad: {
    kernels: ['PadV2'],
    run({ backend, inputs: [x, value], attributes: { axis, before, after } }) {
      const paddings = x.shape.map((_, i) => (i === axis ? [before, after] : [0, 0]))
      return [backend.run('PadV2', { x }, { paddings, constantValue: backend.numbers(value)[0] })]
    },
  },
  concat: {
    kernels: ['Concat'],
    run: ({ backend, inputs, attributes: { axis } }) => [joined(backend, inputs, axis)],
  },
  dynamicSlice: {
    kernels: ['Slice'],
    run({ backend, inputs: [x, start], attributes: { axis }, made: [out] }) {
      const size = sizesOf(out.dims)
      const from = inside(backend.numbers(start)[0], x.shape[axis] - size[axis])
      return [backend.run('Slice', { x }, { begin: at(x, axis, from), size })]
    },
  },
  dynamicUpdateSlice: {
    kernels: ['Slice', 'Concat'],
    run({ backend, inputs: [x, update, start], attributes: { axis } }) {
      const [whole, size] = [x.shape[axis], update.shape[axis]]
      const from = inside(backend.numbers(start)[0], whole - size)
      const part = (begin: number, end: number) =>
        begin === end
          ? []
          : [backend.run('Slice', { x }, { begin: at(x, axis, begin), size: resized(x, axis, end - begin) })]
      const parts = [...part(0, from), update, ...part(from + size, whole)]
      return [joined(backend, parts, axis)]
    },
  },
  take: {
    kernels: ['GatherV2'],
    run({ backend, inputs: [x, ids], attributes: { axis } }) {
      const last = x.shape[axis] - 1
      const indices = backend.array(
        Int32Array.from(backend.numbers(ids), (id) => inside(id, last)),
        ids.shape,
        'i32',
      )
      return [backend.run('GatherV2', { x, indices }, { axis, batchDims: 0 })]
    },
  },
  scatterAdd: 'host', // tfjs has it for the first axis alone, and refuses ids outside
  cumsum: {
    kernels: ['Transpose', 'Cumsum'],
    run({ backend, inputs: [x], attributes: { axis, reverse } }) {
      const last = x.shape.length - 1
      const perm = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i))
      const swap = (y: tf.Tensor) => backend.run('Transpose', { x: y }, { perm })
      return [swap(backend.run('Cumsum', { x: swap(x) }, { axis: last, exclusive: false, reverse }))]
    },
  },
  sort: {
    kernels: ['Transpose', 'TopK', 'Neg'],
    floatsOnly: true,
    run({ backend, inputs: [x], attributes: { axis, descending } }) {
      const last = x.shape.length - 1
      const perm = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i))
      const swap = (y: tf.Tensor) => backend.run('Transpose', { x: y }, { perm })
      const turn = (y: tf.Tensor) => (descending ? y : backend.run('Neg', { x: y }))
      const [values, index] = backend.runAll('TopK', { x: turn(swap(x)) }, { k: x.shape[axis], sorted: true })
      return [swap(turn(values)), swap(index)]
    },
  },
  scan: 'host',
  call: 'host',
  barrier: 'host',
  relayout: 'host',
}

/** TensorFlow joins two or more. */
const joined = (backend: Backend, parts: readonly tf.Tensor[], axis: number) =>
  parts.length === 1 ? backend.share(parts[0]) : backend.run('Concat', parts, { axis })
const at = (x: tf.Tensor, axis: number, start: number) => x.shape.map((_, i) => (i === axis ? start : 0))
const resized = (x: tf.Tensor, axis: number, size: number) => x.shape.map((full, i) => (i === axis ? size : full))
const inside = (value: number, last: number) => Math.max(0, Math.min(value, last))

/** JavaScript's power, and with it tfjs's, is NaN where IEEE 754 says 1: 1 to any power, -1 to an infinite one. */
function power({ backend, inputs: [a, b], given: [{ dims }] }: RowArgs<unknown>): tf.Tensor[] {
  const number = (value: number) => backend.array(numbersOf([value], 'f32'), [], 'f32')
  const equal = (x: tf.Tensor, value: number) => backend.run('Equal', { a: x, b: number(value) })
  const endless = equal(backend.run('Abs', { x: b }), Infinity)
  const turns = backend.run('LogicalAnd', { a: equal(a, -1), b: endless })
  const condition = backend.run('LogicalOr', { a: equal(a, 1), b: turns })
  const sizes = sizesOf(dims)
  const one = backend.array(new Float32Array(productOf(sizes)).fill(1), sizes, 'f32')
  return [backend.run('Select', { condition, t: one, e: backend.run('Pow', { a, b }) })]
}

/** As [batch, rows, sums] by [batch, sums, columns]. */
function dot({ backend, inputs: [a, b], attributes: { batch, contract }, made: [out] }: RowArgs<AttributesOf<'dot'>>) {
  const side = (x: tf.Tensor, which: 0 | 1) => {
    const free = x.shape.map((_, i) => i).filter((i) => !batch[which].includes(i) && !contract[which].includes(i))
    const groups = which === 0 ? [batch[0], free, contract[0]] : [batch[1], contract[1], free]
    const shape = groups.map((axes) => productOf(axes.map((axis) => x.shape[axis])))
    return backend.run('Reshape', { x: backend.run('Transpose', { x }, { perm: groups.flat() }) }, { shape })
  }
  const product = backend.run('BatchMatMul', { a: side(a, 0), b: side(b, 1) }, { transposeA: false, transposeB: false })
  return [backend.run('Reshape', { x: product }, { shape: sizesOf(out.dims) })]
}
