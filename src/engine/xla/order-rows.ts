import { isFloat, type DType } from '../../tensor/dtype.js'
import { lowest, number } from './literals.js'
import type { RowArgs, Rows } from './row.js'
import { longs, shaped } from './writer.js'

/** Operations that go along a dim in its order. */
export const ORDER: Rows<'cumsum' | 'sort' | 'argmax'> = {
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
  argmax: printArgmax,
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
      const both = (p: string, q: string) => region.scalar('and', [p, q], 'bool', 'bool')
      const any = (p: string, q: string) => region.scalar('or', [p, q], 'bool', 'bool')
      const first = compare('LT', i, j, 'i32')
      const [equal, greater] = [compare('EQ', a, b, x.dtype), compare('GT', a, b, x.dtype)]
      if (!isFloat(x.dtype)) return choose(any(greater, both(equal, first)))
      // NaN counts as the largest, and one NaN equals another.
      const [aNaN, bNaN, bNumber] = [
        compare('NE', a, a, x.dtype),
        compare('NE', b, b, x.dtype),
        compare('EQ', b, b, x.dtype),
      ]
      const tied = both(any(equal, both(aNaN, bNaN)), first)
      choose(any(any(greater, both(aNaN, bNumber)), tied))

      function choose(wins: string) {
        region.return([region.select(wins, a, b, x.dtype), region.select(wins, i, j, 'i32')], [x.dtype, 'i32'])
      }
    },
    `dimensions = ${longs([axis])}`,
  )
  return [results[1]]
}
