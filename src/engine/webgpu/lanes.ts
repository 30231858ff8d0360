/** Shaders of operations along one axis, whose other axes count lanes. */
import { isFloat, productOf, type AttributesOf, type DType } from '../../tensor/index.js'
import type { Given, Made } from '../host/kernel.js'
import { dense, without, type Layout } from '../host/layout.js'
import type { Shader } from './queue.js'
import { eachElement, number, placeOf, rounded, typeOf } from './wgsl.js'

/** WGSL of a lane's first place, and how far its elements are apart. */
function laneOf(layout: Layout, axis: number) {
  const others = without(layout, axis)
  return {
    lanes: productOf(others.sizes),
    size: layout.sizes[axis],
    start: placeOf('lane', others),
    stride: layout.strides[axis],
  }
}

/** Index of the largest element of each lane, the first at a tie; the first NaN before all others. */
export function largest([x]: readonly Given[], { axis }: AttributesOf<'argmax'>, out: Made): Shader {
  const { lanes, size, start, stride } = laneOf(x.layout, axis)
  const better = isFloat(x.dtype) ? 'next > best || (isNan(next) && !isNan(best))' : 'next > best'
  const body = `let lane = i;
let start = ${start};
var best = x0[start];
var at = 0;
for (var k = 1u; k < ${size}u; k++) {
  let next = x0[start + k * ${stride}u];
  if (${better}) { best = next; at = i32(k); }
}
y0[lane] = at;`
  return eachElement({ reads: [x.dtype], writes: [out.dtype], body }, lanes)
}

export function cumulated([x]: readonly Given[], { axis, reverse }: AttributesOf<'cumsum'>, out: Made): Shader {
  const { lanes, size, start, stride } = laneOf(x.layout, axis)
  const to = laneOf(dense(out.sizes), axis)
  const body = `let lane = i;
let start = ${start};
let to = ${to.start};
var sum: ${typeOf(x.dtype)} = ${number(0, x.dtype)};
for (var k = 0u; k < ${size}u; k++) {
  let at = ${reverse ? `${size - 1}u - k` : 'k'};
  sum = sum + x0[start + at * ${stride}u];
  y0[to + at * ${to.stride}u] = ${rounded('sum', out.dtype)};
}`
  return eachElement({ reads: [x.dtype], writes: [out.dtype], body }, lanes)
}

/** A number from 0 to 2^32 - 1 that orders as the elements do; of floats the bits, which order as sign and magnitude. */
function rank(value: string, dtype: DType): string {
  if (dtype === 'i32') return `(bitcast<u32>(${value}) ^ 0x80000000u)`
  return isFloat(dtype) ? `rankOf(${value})` : value
}

const RANK = `fn rankOf(x: f32) -> u32 {
  let word = select(bitcast<u32>(x), 0u, x == 0.0);
  return select(word | 0x80000000u, ~word, word >= 0x80000000u);
}`

/**
 * Each lane in order, and where each element was; equal ones keep their order. A thread counts the elements before its own: as many steps as
 * the square of the lane's size, but all of a lane at a time.
 */
export function sorted(
  [x]: readonly Given[],
  { axis, descending }: AttributesOf<'sort'>,
  [values, index]: readonly Made[],
): Shader {
  const { lanes, size, start, stride } = laneOf(x.layout, axis)
  const to = laneOf(dense(values.sizes), axis)
  const body = `let lane = i / ${size}u;
let mine = i % ${size}u;
let start = ${start};
let value = x0[start + mine * ${stride}u];
let key = ${rank('value', x.dtype)};
var before = 0u;
for (var k = 0u; k < ${size}u; k++) {
  let other = x0[start + k * ${stride}u];
  let next = ${rank('other', x.dtype)};
  if (next ${descending ? '>' : '<'} key || (next == key && k < mine)) { before++; }
}
let at = ${to.start} + before * ${to.stride}u;
y0[at] = value;
y1[at] = ${typeOf(index.dtype)}(mine);`
  return eachElement(
    {
      reads: [x.dtype],
      writes: [values.dtype, index.dtype],
      declarations: isFloat(x.dtype) ? RANK : '',
      body,
    },
    lanes * size,
  )
}
