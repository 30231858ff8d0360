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

/**
 * A counted while loop. Its state: the counter, the carry, the stacked results. What stays as it is, constants and stacked
 * inputs and a carry that the body gives back, the body takes from around the loop: XLA's passes drop such values from
 * the state, but not from the list of where its values lie.
 */
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
  const moving = body.inputs.flatMap((x, i) =>
    i >= constants && i < fixed && body.outputs[i - constants] !== x ? [i] : [],
  )
  const types = [counter, ...moving.map((i) => body.inputs[i]), ...stacks]
  const start = [
    writer.constant('0', counter),
    // What is carried lies from the start as the body leaves it.
    ...moving.map((i) => writer.relayout(inputs[i], node.inputs[i], body.inputs[i])),
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
      const given = body.inputs.map((slice, i) => {
        if (moving.includes(i)) return rest[moving.indexOf(i)]
        if (i < fixed) return inputs[i]
        const stack = node.inputs[i]
        const rank = stack.dims.length
        const one = shaped([{ name: along.name, size: 1 }, ...slice.dims], slice.dtype)
        const cut = writer.op(
          'dynamic_slice',
          [inputs[i], ...starts(rank)],
          [stack, ...counters(rank)],
          one,
          `slice_sizes = ${longs(one.dims.map(({ size }) => size))}`,
        )
        return writer.op('reshape', [cut], [one], slice)
      })
      const made = print(body, given)
      const stacked = stacks.map((stack, i) => {
        const y = body.outputs[carry + i]
        const rank = stack.dims.length
        const one = shaped([{ name: along.name, size: 1 }, ...y.dims], y.dtype)
        const row = writer.op('reshape', [made[carry + i]], [y], one)
        return writer.op(
          'dynamic_update_slice',
          [rest[moving.length + i], row, ...starts(rank)],
          [stack, one, ...counters(rank)],
          stack,
        )
      })
      const next = writer.op('add', [at, writer.constant('1', counter)], [counter, counter], counter)
      return [next, ...moving.map((i) => made[i - constants]), ...stacked]
    },
  )
  const carried = body.inputs
    .slice(constants, fixed)
    .map((_, i) =>
      moving.includes(constants + i) ? results[1 + moving.indexOf(constants + i)] : inputs[constants + i],
    )
  return [...carried, ...results.slice(1 + moving.length)]
}
