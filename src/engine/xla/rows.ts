import type { DType } from '../../tensor/dtype.js'
import type { AttributesOf, PrimitiveName } from '../../tensor/ops/index.js'
import { BODIES } from './body-rows.js'
import { printDot } from './cpu-dot.js'
import { INDEXING } from './indexing-rows.js'
import { highest, lowest, number, table } from './literals.js'
import { ORDER } from './order-rows.js'
import type { Row, RowArgs, Rows } from './row.js'
import { longs, shaped, typeOf } from './writer.js'

const plain =
  (op: string): Row<unknown> =>
  ({ writer, node, inputs, out }) => [writer.op(op, inputs, node.inputs, out)]
const reduce =
  (reducer: string, identity: (dtype: DType) => string): Row<{ axes: readonly number[] }> =>
  ({
    writer,
    node: {
      inputs: [x],
    },
    inputs: [name],
    attributes: { axes },
    out,
  }) => [writer.reduce(reducer, name, x, identity(x.dtype), out, axes)]

/** One row for each primitive: the compiler refuses a missing one. */
export const ROWS: Rows<PrimitiveName> = {
  constant: ({ writer, attributes: { value }, out }) => [writer.constant(number(value, out.dtype), out)],
  literal: ({ writer, attributes: { values }, out }) => [
    writer.constant(
      table(
        values,
        out.dims.map(({ size }) => size),
        out.dtype,
      ),
      out,
    ),
  ],
  iota: ({ writer, attributes: { axis }, out }) => [writer.op('iota', [], [], out, `iota_dimension = ${axis} : i64`)],
  neg: plain('negate'),
  abs: plain('abs'),
  sign: plain('sign'),
  not: plain('not'),
  exp: plain('exponential'),
  expm1: plain('exponential_minus_one'),
  log: plain('log'),
  log1p: plain('log_plus_one'),
  sqrt: plain('sqrt'),
  rsqrt: plain('rsqrt'),
  tanh: plain('tanh'),
  sin: plain('sine'),
  cos: plain('cosine'),
  sigmoid: plain('logistic'),
  floor: plain('floor'),
  stopGradient: ({ inputs }) => [inputs[0]],
  add: plain('add'),
  sub: plain('subtract'),
  mul: plain('multiply'),
  div: plain('divide'),
  pow: plain('power'),
  maximum: plain('maximum'),
  minimum: plain('minimum'),
  remainder: plain('remainder'),
  and: plain('and'),
  or: plain('or'),
  xor: plain('xor'),
  shiftLeft: plain('shift_left'),
  shiftRight: plain('shift_right_logical'),
  compare: ({ writer, node, inputs, attributes: { direction }, out }) => [
    writer.op(
      'compare',
      inputs,
      node.inputs,
      out,
      `comparison_direction = #stablehlo<comparison_direction ${direction}>`,
    ),
  ],
  select: plain('select'),
  cast: plain('convert'),
  broadcast: ({
    writer,
    node: {
      inputs: [x],
    },
    inputs,
    attributes: { dims },
    out,
  }) => [
    writer.op(
      'broadcast_in_dim',
      inputs,
      [x],
      out,
      `broadcast_dimensions = ${longs(x.dims.map((dim) => dims.findIndex(({ name }) => name === dim.name)))}`,
    ),
  ],
  reshape: ({
    writer,
    node: {
      inputs: [x],
    },
    inputs,
    out,
  }) => (typeOf(x) === typeOf(out) ? [inputs[0]] : [writer.op('reshape', inputs, [x], out)]),
  transpose: ({
    writer,
    node: {
      inputs: [x],
    },
    inputs: [name],
    attributes: { permutation },
    out,
  }) => {
    // Moving the last axis would otherwise become a layout, which the product that made the operand may be slow in.
    const movesLast = permutation.at(-1) !== permutation.length - 1
    return [
      writer.transpose(writer.physical && movesLast ? writer.materializeRowMajor(name, x) : name, x, permutation, out),
    ]
  },
  reduceSum: printSum,
  reduceMax: reduce('maximum', lowest),
  reduceMin: reduce('minimum', highest),
  dot: ({ writer, node, inputs, attributes, out }) => {
    if (writer.physical) return [printDot(writer, inputs, node.inputs, attributes, out)]
    const { batch, contract } = attributes
    return [
      writer.op(
        'dot_general',
        inputs,
        node.inputs,
        out,
        `dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [${batch[0]}], rhs_batching_dimensions = [${batch[1]}], ` +
          `lhs_contracting_dimensions = [${contract[0]}], rhs_contracting_dimensions = [${contract[1]}]>`,
      ),
    ]
  },
  ...INDEXING,
  ...ORDER,
  ...BODIES,
  barrier: ({ writer, node: { inputs: xs, outputs }, inputs }) =>
    writer.many('optimization_barrier', inputs, xs, outputs),
  relayout: ({
    writer,
    node: {
      inputs: [x],
    },
    inputs: [name],
    out,
  }) => [writer.relayout(name, x, out)],
}

/** A sum, of halves in f32: XLA's CPU backend would round after each number that it adds. */
function printSum({ writer, node, inputs: [name], attributes: { axes }, out }: RowArgs<AttributesOf<'reduceSum'>>) {
  const [x] = node.inputs
  if (x.dtype !== 'bf16' && x.dtype !== 'f16') return [writer.reduce('add', name, x, number(0, x.dtype), out, axes)]
  const [wide, sum] = [x, out].map(({ dims }) => shaped(dims, 'f32'))
  const total = writer.reduce('add', writer.op('convert', [name], [x], wide), wide, number(0, 'f32'), sum, axes)
  return [writer.op('convert', [total], [sum], out)]
}
