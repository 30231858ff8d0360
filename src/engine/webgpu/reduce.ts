import { isFloat, productOf, type DType } from '../../tensor/index.js'
import type { Layout } from '../host/layout.js'
import type { Given, Made } from '../host/kernel.js'
import { ELEMENTS } from './elements.js'
import type { Shader } from './queue.js'
import { axesOf, number, placeOf, rounded, shaderOf, spread, typeOf, type Text } from './wgsl.js'

export type Combine = 'sum' | 'max' | 'min'

const ELEMENT = { sum: 'add', max: 'maximum', min: 'minimum' } as const

function first(how: Combine, dtype: DType): string {
  if (how === 'sum') return number(0, dtype)
  const high = how === 'min'
  if (isFloat(dtype)) return number(high ? Infinity : -Infinity, dtype)
  if (dtype === 'i32') return number(high ? 0x7fffffff : -0x80000000, dtype)
  return number(high ? -1 : 0, dtype)
}

const THREADS = 256

export interface Sums {
  readonly how: Combine
  /** Of what is combined. */
  readonly dtype: DType
  readonly results: number
  /** How many are combined into each result. */
  readonly depth: number
  /** Whether those of one result lie closer together than those of neighbouring results. */
  readonly deep: boolean
  readonly reads: Text['reads']
  readonly made: DType
  /** Statements that use the result's index `o`. */
  readonly before: string
  /** WGSL of the number `r` of a result. */
  readonly load: string
}

/**
 * A number for each result. Threads of a workgroup share the numbers of a result, in an order that depends on the sizes alone, so that
 * equal programs give equal sums; neighbouring threads read neighbouring places.
 */
export function sums({ how, dtype, results, depth, deep, reads, made, before, load }: Sums): Shader {
  // As many threads for a result as pay, the more the fewer results there are.
  const wanted = deep ? Math.max(1, depth / 4) : depth >= 32 && results < 1 << 16 ? 16 : 1
  const lanes = Math.min(deep && results > 1024 ? 64 : THREADS, 2 ** Math.ceil(Math.log2(wanted)))
  const wide = THREADS / lanes
  const { workgroups, block } = spread(Math.ceil(results / wide))
  const [lane, place] = deep ? [`thread % ${lanes}u`, `thread / ${lanes}u`] : [`thread / ${wide}u`, `thread % ${wide}u`]
  const type = typeOf(dtype)
  const combine = ELEMENTS[ELEMENT[how]](['a', 'b'], dtype, {}, dtype)
  const partner = deep ? 'thread + half' : `thread + half * ${wide}u`
  const tree = `part[thread] = sum;
for (var half = ${lanes / 2}u; half > 0u; half = half / 2u) {
  workgroupBarrier();
  if (lane < half) { let a = part[thread]; let b = part[${partner}]; part[thread] = ${combine}; }
}
sum = part[thread];`
  const body = `let lane = ${lane};
let o = ${block} * ${wide}u + ${place};
var sum: ${type} = ${first(how, dtype)};
if (o < ${results}u) {
  ${before}
  for (var r = lane; r < ${depth}u; r = r + ${lanes}u) { let a = sum; let b: ${type} = ${load}; sum = ${combine}; }
}
${lanes > 1 ? tree : ''}
if (lane == 0u && o < ${results}u) { y0[o] = ${rounded('sum', made)}; }`
  const declarations = lanes > 1 ? `var<workgroup> part: array<${type}, ${THREADS}>;` : ''
  return shaderOf({ reads, writes: [made], declarations, body }, THREADS, workgroups)
}

/** The smallest distance of neighbours along any of a layout's axes. */
export const closest = ({ sizes, strides }: Layout): number =>
  Math.min(...strides.filter((stride, i) => stride > 0 && sizes[i] > 1), Infinity)

export function reduction(how: Combine, { layout, dtype }: Given, axes: readonly number[], out: Made): Shader {
  const kept = axesOf(
    layout,
    layout.sizes.map((_, axis) => axis).filter((axis) => !axes.includes(axis)),
    layout.offset,
  )
  const reduced = axesOf(layout, axes)
  return sums({
    how,
    dtype,
    results: productOf(out.sizes),
    depth: productOf(reduced.sizes),
    deep: closest(reduced) < closest(kept),
    reads: [dtype],
    made: out.dtype,
    before: `let base = ${placeOf('o', kept)};`,
    load: `x0[base + ${placeOf('r', reduced)}]`,
  })
}
