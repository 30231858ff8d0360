import type { AttributesOf } from '../../tensor/ops/index.js'
import type { Shape } from '../../tensor/primitive.js'
import { number } from './literals.js'
import type { RowArgs, Rows } from './row.js'
import { longs, shaped } from './writer.js'

/** Operations that run a body. */
export const BODIES: Rows<'scan' | 'call'> = {
  scan: printScan,
  call: ({ inputs, attributes: { body }, print }) => print(body, inputs),
}

/** A counted while loop. Its state: the counter, the constants, the carry, the stacked inputs, the stacked results. */
function printScan({
  writer,
  node,
  inputs,
  attributes: { body, along, constants, carry, reverse },
  print,
}: RowArgs<AttributesOf<'scan'>>): string[] {
  const counter = shaped([], 'i32')
  const fixed = constants + carry
  const stacks = node.outputs.slice(carry)
  const types = [counter, ...node.inputs, ...stacks]
  const start = [
    writer.constant('0', counter),
    // What is carried lies from the start as the body leaves it.
    ...inputs.map((name, i) =>
      i >= constants && i < fixed ? writer.relayout(name, node.inputs[i], body.inputs[i]) : name,
    ),
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
      const made = print(body, given)
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
