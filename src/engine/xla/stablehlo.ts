import { isFloat, type DType } from '../../tensor/dtype.js'
import type { AttributesOf, PrimitiveName } from '../../tensor/ops/index.js'
import type { Program } from '../../tensor/program.js'
import type { Shape } from '../../tensor/primitive.js'
import type { Node, Value } from '../../tensor/tensor.js'
import { printDot } from './dot.js'
import { longs, shaped, typeOf, Writer } from './writer.js'

export interface PrintOptions {
  /** For each input the output that takes over its memory, or null. */
  readonly aliases?: readonly (number | null)[]
  /** Adds the caller's line to each operation, for XLA's error messages. Costs text. */
  readonly locations?: boolean
  /** Fixes the order in memory where XLA's CPU backend would choose badly (see dot.ts). */
  readonly physical?: boolean
}

/** The program as a StableHLO module in generic text form, with one public function `main`. */
export function printStableHlo(
  program: Program,
  { aliases = [], locations = false, physical = false }: PrintOptions = {},
): string {
  const writer = new Writer(locations, physical)
  const names = new Map<Value, string>()
  const args = program.inputs.map((x, i) => {
    names.set(x, `%arg${i}`)
    const alias = aliases[i] ?? null
    return `%arg${i}: ${typeOf(x)}${alias === null ? '' : ` {tf.aliasing_output = ${alias} : i32}`}`
  })
  writer.open(`func.func public @main(${args.join(', ')}) -> (${program.outputs.map(typeOf).join(', ')}) {`)
  const results = printOperations(writer, program, names)
  writer.line(`"func.return"(${results.join(', ')}) : (${program.outputs.map(typeOf).join(', ')}) -> ()`)
  writer.close('}')
  return `module @${program.name.replace(/\W/g, '_') || 'program'} {\n${writer.text()}}\n`
}

/** Prints a program's operations; returns the names of its outputs. */
function printOperations(writer: Writer, program: Program, names: Map<Value, string>): string[] {
  const name = (x: Value) => {
    const found = names.get(x)
    if (!found) throw new Error(`${program.name}: a value is used before it is made`)
    return found
  }
  for (const node of program.operations) {
    const row = ROWS[node.name as PrimitiveName] as Row<unknown>
    writer.at(node)
    const results = row({
      writer,
      node,
      inputs: node.inputs.map(name),
      attributes: node.attributes,
      out: node.outputs[0],
    })
    node.outputs.forEach((y, i) => names.set(y, results[i]))
  }
  return program.outputs.map(name)
}

interface RowArgs<A> {
  readonly writer: Writer
  readonly node: Node
  /** Names of the operands. */
  readonly inputs: readonly string[]
  readonly attributes: A
  readonly out: Value
}
/** Prints one operation and returns the names of its results. */
type Row<A> = (args: RowArgs<A>) => string[]

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
const ROWS: { readonly [P in PrimitiveName]: Row<AttributesOf<P>> } = {
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
      `broadcast_dimensions = ${longs(x.dims.map((own) => dims.findIndex(({ name }) => name === own.name)))}`,
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
    return [writer.transpose(writer.physical && movesLast ? writer.dense(name, x) : name, x, permutation, out)]
  },
  reduceSum: reduce('add', (dtype) => number(0, dtype)),
  reduceMax: reduce('maximum', lowest),
  reduceMin: reduce('minimum', highest),
  argmax: printArgmax,
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
  slice: ({
    writer,
    node: {
      inputs: [x],
    },
    inputs,
    attributes: { axis, start, size },
    out,
  }) => {
    const starts = x.dims.map((_, i) => (i === axis ? start : 0))
    const limits = x.dims.map((own, i) => (i === axis ? start + size : own.size))
    return [
      writer.op(
        'slice',
        inputs,
        [x],
        out,
        `start_indices = ${longs(starts)}, limit_indices = ${longs(limits)}, strides = ${longs(x.dims.map(() => 1))}`,
      ),
    ]
  },
  pad: ({ writer, node, inputs, attributes: { axis, before, after }, out }) => {
    const at = (amount: number) => longs(out.dims.map((_, i) => (i === axis ? amount : 0)))
    return [
      writer.op(
        'pad',
        inputs,
        node.inputs,
        out,
        `edge_padding_low = ${at(before)}, edge_padding_high = ${at(after)}, interior_padding = ${at(0)}`,
      ),
    ]
  },
  concat: ({ writer, node, inputs, attributes: { axis }, out }) => [
    writer.op('concatenate', inputs, node.inputs, out, `dimension = ${axis} : i64`),
  ],
  dynamicSlice: ({
    writer,
    node: {
      inputs: [x, start],
    },
    inputs: [name, at],
    attributes: { axis },
    out,
  }) => {
    const zero = writer.constant('0', start)
    const starts = x.dims.map((_, i) => (i === axis ? at : zero))
    return [
      writer.op(
        'dynamic_slice',
        [name, ...starts],
        [x, ...x.dims.map(() => start)],
        out,
        `slice_sizes = ${longs(out.dims.map(({ size }) => size))}`,
      ),
    ]
  },
  dynamicUpdateSlice: ({
    writer,
    node: {
      inputs: [x, update, start],
    },
    inputs: [name, value, at],
    attributes: { axis },
    out,
  }) => {
    const zero = writer.constant('0', start)
    const starts = x.dims.map((_, i) => (i === axis ? at : zero))
    return [writer.op('dynamic_update_slice', [name, value, ...starts], [x, update, ...x.dims.map(() => start)], out)]
  },
  take: ({
    writer,
    node: {
      inputs: [x, ids],
    },
    inputs,
    attributes: { axis },
    out,
  }) => {
    const window = out.dims.map((_, i) => i).filter((i) => i < axis || i >= axis + ids.dims.length)
    const sizes = x.dims.map(({ size }, i) => (i === axis ? 1 : size))
    return [
      writer.op(
        'gather',
        inputs,
        [x, ids],
        out,
        `dimension_numbers = #stablehlo.gather<offset_dims = [${window}], collapsed_slice_dims = [${axis}], start_index_map = [${axis}], ` +
          `index_vector_dim = ${ids.dims.length}>, slice_sizes = ${longs(sizes)}`,
      ),
    ]
  },
  scatterAdd: ({
    writer,
    node: {
      inputs: [x, ids, updates],
    },
    inputs,
    attributes: { axis },
    out,
  }) => {
    const window = updates.dims.map((_, i) => i).filter((i) => i < axis || i >= axis + ids.dims.length)
    return [
      writer.region(
        'scatter',
        inputs,
        [x, ids, updates],
        [out],
        (region) => region.binary('add', x.dtype),
        `indices_are_sorted = false, unique_indices = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [${window}], ` +
          `inserted_window_dims = [${axis}], scatter_dims_to_operand_dims = [${axis}], index_vector_dim = ${ids.dims.length}>`,
      )[0],
    ]
  },
  cumsum: ({
    writer,
    node: {
      inputs: [x],
    },
    inputs: [name],
    attributes: { axis, reverse },
    out,
  }) => {
    const at = (value: number, otherwise: number) => x.dims.map((_, i) => (i === axis ? value : otherwise))
    const { size } = x.dims[axis]
    const padding = x.dims.map((_, i) => (i !== axis ? '[0, 0]' : reverse ? `[0, ${size - 1}]` : `[${size - 1}, 0]`))
    const scalar = shaped([], x.dtype)
    return [
      writer.region(
        'reduce_window',
        [name, writer.constant(number(0, x.dtype), scalar)],
        [x, scalar],
        [out],
        (region) => region.binary('add', x.dtype),
        `window_dimensions = ${longs(at(size, 1))}, window_strides = ${longs(at(1, 1))}, base_dilations = ${longs(at(1, 1))}, ` +
          `window_dilations = ${longs(at(1, 1))}, padding = dense<[${padding}]> : tensor<${x.dims.length}x2xi64>`,
      )[0],
    ]
  },
  sort: ({
    writer,
    node: {
      inputs: [x],
      outputs,
    },
    inputs: [name],
    attributes: { axis, descending },
  }) => {
    const index = writer.op('iota', [], [], outputs[1], `iota_dimension = ${axis} : i64`)
    return writer.region(
      'sort',
      [name, index],
      [x, outputs[1]],
      outputs,
      (region) => {
        const [a, b] = region.args([x.dtype, x.dtype, 'i32', 'i32'])
        region.return(
          [
            region.scalar(
              'compare',
              [a, b],
              x.dtype,
              'bool',
              `comparison_direction = #stablehlo<comparison_direction ${descending ? 'GT' : 'LT'}>`,
            ),
          ],
          ['bool'],
        )
      },
      `dimension = ${axis} : i64, is_stable = true`,
    )
  },
  scan: printScan,
  call: ({ writer, inputs, attributes: { body } }) =>
    printOperations(writer, body, new Map(body.inputs.map((x, i) => [x, inputs[i]]))),
  barrier: ({ writer, node: { inputs: xs, outputs }, inputs }) =>
    writer.many('optimization_barrier', inputs, xs, outputs),
}

function printArgmax({
  writer,
  node: {
    inputs: [x],
  },
  inputs: [name],
  attributes: { axis },
  out,
}: RowArgs<{ axis: number }>): string[] {
  const indices = shaped(x.dims, 'i32')
  const scalar = (dtype: DType) => shaped([], dtype)
  const index = writer.op('iota', [], [], indices, `iota_dimension = ${axis} : i64`)
  const init = [writer.constant(lowest(x.dtype), scalar(x.dtype)), writer.constant('0', scalar('i32'))]
  const best = shaped(out.dims, x.dtype)
  const results = writer.region(
    'reduce',
    [name, index, ...init],
    [x, indices, scalar(x.dtype), scalar('i32')],
    [best, out],
    (region) => {
      const [a, i, b, j] = region.args([x.dtype, 'i32', x.dtype, 'i32'])
      const compare = (direction: string, p: string, q: string, dtype: DType) =>
        region.scalar(
          'compare',
          [p, q],
          dtype,
          'bool',
          `comparison_direction = #stablehlo<comparison_direction ${direction}>`,
        )
      const first = compare('LT', i, j, 'i32')
      const tied = region.scalar('and', [compare('EQ', a, b, x.dtype), first], 'bool', 'bool')
      const wins = region.scalar('or', [compare('GT', a, b, x.dtype), tied], 'bool', 'bool')
      region.return([region.select(wins, a, b, x.dtype), region.select(wins, i, j, 'i32')], [x.dtype, 'i32'])
    },
    `dimensions = ${longs([axis])}`,
  )
  return [results[1]]
}

/** A counted while loop. Its state: the counter, the constants, the carry, the stacked inputs, the stacked results. */
function printScan({
  writer,
  node,
  inputs,
  attributes: { body, along, constants, carry, reverse },
}: RowArgs<AttributesOf<'scan'>>): string[] {
  const counter = shaped([], 'i32')
  const fixed = constants + carry
  const stacks = node.outputs.slice(carry)
  const types = [counter, ...node.inputs, ...stacks]
  const start = [
    writer.constant('0', counter),
    ...inputs,
    ...stacks.map((y) => writer.constant(y.dtype === 'bool' ? 'false' : number(0, y.dtype), y)),
  ]
  const results = writer.loop(
    start,
    types,
    (region, [at]) => {
      const end = writer.constant(String(along.size), counter)
      region.return(
        [
          region.scalar(
            'compare',
            [at, end],
            'i32',
            'bool',
            'comparison_direction = #stablehlo<comparison_direction LT>',
          ),
        ],
        ['bool'],
      )
    },
    (state) => {
      const [at, ...rest] = state
      const last = writer.constant(String(along.size - 1), counter)
      const index = reverse ? writer.op('subtract', [last, at], [counter, counter], counter) : at
      const zero = writer.constant('0', counter)
      const starts = (rank: number) => [index, ...Array<string>(rank - 1).fill(zero)]
      const counters = (rank: number) => Array<Shape>(rank).fill(counter)
      const slices = body.inputs.slice(fixed).map((slice, i) => {
        const stack = node.inputs[fixed + i]
        const rank = stack.dims.length
        const one = shaped([{ name: along.name, size: 1 }, ...slice.dims], slice.dtype)
        const cut = writer.op(
          'dynamic_slice',
          [rest[fixed + i], ...starts(rank)],
          [stack, ...counters(rank)],
          one,
          `slice_sizes = ${longs(one.dims.map(({ size }) => size))}`,
        )
        return writer.op('reshape', [cut], [one], slice)
      })
      const given = [...rest.slice(0, fixed), ...slices]
      const made = printOperations(writer, body, new Map(body.inputs.map((x, i) => [x, given[i]])))
      const stacked = stacks.map((stack, i) => {
        const y = body.outputs[carry + i]
        const rank = stack.dims.length
        const one = shaped([{ name: along.name, size: 1 }, ...y.dims], y.dtype)
        const row = writer.op('reshape', [made[carry + i]], [y], one)
        return writer.op(
          'dynamic_update_slice',
          [rest[node.inputs.length + i], row, ...starts(rank)],
          [stack, one, ...counters(rank)],
          stack,
        )
      })
      const next = writer.op('add', [at, writer.constant('1', counter)], [counter, counter], counter)
      return [
        next,
        ...rest.slice(0, constants),
        ...made.slice(0, carry),
        ...rest.slice(fixed, node.inputs.length),
        ...stacked,
      ]
    },
  )
  return [...results.slice(1 + constants, 1 + fixed), ...results.slice(1 + node.inputs.length)]
}

/** A number as MLIR reads it: floats have a point, infinities and NaN are bits. */
function number(value: number, dtype: DType): string {
  if (dtype === 'bool') return value ? 'true' : 'false'
  if (!isFloat(dtype)) return String(value)
  if (!Number.isFinite(value)) return hex(value, dtype)
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text.replace(/^(-?\d+)e/, '$1.0e')
}

function hex(value: number, dtype: DType): string {
  const bits = new DataView(new ArrayBuffer(4))
  bits.setFloat32(0, value)
  const word = bits.getUint32(0)
  if (dtype === 'f32') return `0x${word.toString(16).toUpperCase().padStart(8, '0')}`
  if (dtype === 'bf16') return `0x${(word >>> 16).toString(16).toUpperCase().padStart(4, '0')}`
  return Number.isNaN(value) ? '0x7E00' : value > 0 ? '0x7C00' : '0xFC00'
}

function lowest(dtype: DType): string {
  return isFloat(dtype) ? number(-Infinity, dtype) : dtype === 'i32' ? '-2147483648' : dtype === 'u32' ? '0' : 'false'
}

function highest(dtype: DType): string {
  return isFloat(dtype)
    ? number(Infinity, dtype)
    : dtype === 'i32'
      ? '2147483647'
      : dtype === 'u32'
        ? '4294967295'
        : 'true'
}

/** Nested lists of numbers in row-major order. */
function table(values: readonly number[], sizes: readonly number[], dtype: DType): string {
  if (sizes.length === 0) return number(values[0], dtype)
  const [size, ...rest] = sizes
  const step = values.length / size
  return `[${Array.from({ length: size }, (_, i) => table(values.slice(i * step, (i + 1) * step), rest, dtype)).join(', ')}]`
}
