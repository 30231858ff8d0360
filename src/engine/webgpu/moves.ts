/** Shaders of operations that copy elements to where they belong. Each writes `y0`; of several, each adds to it. */
import { isFloat, productOf, type AttributesOf } from '../../tensor/index.js'
import type { Given, Made } from '../host/kernel.js'
import { dense, sliced, type Layout } from '../host/layout.js'
import type { Shader } from './queue.js'
import { axesOf, eachElement, placeOf, rounded, typeOf } from './wgsl.js'

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

/** The elements of a layout, written to where another one of the same sizes has them. */
export function copy({ layout, dtype }: Given, to: Layout = dense(layout.sizes)): Shader {
  const body = `y0[${placeOf('i', to)}] = x0[${placeOf('i', layout)}];`
  return eachElement({ reads: [dtype], writes: [dtype], body }, productOf(layout.sizes))
}

/** Where the parts of a concatenation belong. */
export function concatenated(inputs: readonly Given[], { axis }: AttributesOf<'concat'>, out: Made): Shader[] {
  let start = 0
  return inputs.map((x) => {
    const size = x.layout.sizes[axis]
    start += size
    return copy(x, sliced(dense(out.sizes), axis, start - size, size))
  })
}

/** Everywhere the padding, then the elements inside. */
export function padded([x, value]: readonly Given[], { axis, before }: AttributesOf<'pad'>, out: Made): Shader[] {
  const everywhere = { reads: [value.dtype], writes: [out.dtype], body: `y0[i] = x0[${value.layout.offset}u];` }
  const inside = sliced(dense(out.sizes), axis, before, x.layout.sizes[axis])
  return [eachElement(everywhere, productOf(out.sizes)), copy(x, inside)]
}

/** WGSL of an index, i32, moved to the nearest one from 0 to `last`. */
const inside = (index: string, last: number): string => `u32(clamp(${index}, 0, ${last}))`

/** The start of a window, moved so that the window is inside, times the distance along its axis. */
const moved = ({ layout }: Given, most: number, stride: number): string =>
  `${inside(`x1[${layout.offset}u]`, most)} * ${stride}u`

export function window([x, start]: readonly Given[], { axis, size }: AttributesOf<'dynamicSlice'>, out: Made): Shader {
  const { layout } = x
  const place = placeOf('i', sliced(layout, axis, 0, size))
  const shift = moved(start, layout.sizes[axis] - size, layout.strides[axis])
  const body = `y0[i] = x0[${place} + ${shift}];`
  return eachElement({ reads: [x.dtype, start.dtype], writes: [out.dtype], body }, productOf(out.sizes))
}

/** The second of two shaders of an updated window: the first copies all. */
export function windowUpdate(
  [, update, start]: readonly Given[],
  { axis }: AttributesOf<'dynamicUpdateSlice'>,
  out: Made,
): Shader {
  const whole = dense(out.sizes)
  const size = update.layout.sizes[axis]
  const place = placeOf('i', sliced(whole, axis, 0, size))
  const shift = moved(start, out.sizes[axis] - size, whole.strides[axis])
  const body = `y0[${place} + ${shift}] = x0[${placeOf('i', update.layout)}];`
  return eachElement({ reads: [update.dtype, start.dtype], writes: [out.dtype], body }, productOf(update.layout.sizes))
}

/** Slices of one axis at ids; an id outside takes the nearest slice. */
export function taken([x, ids]: readonly Given[], { axis }: AttributesOf<'take'>, out: Made): Shader {
  const { layout } = x
  const before = axesOf(layout, range(0, axis), layout.offset)
  const after = axesOf(layout, range(axis + 1, layout.sizes.length))
  const [width, count] = [productOf(after.sizes), productOf(ids.layout.sizes)]
  const last = layout.sizes[axis] - 1
  const id = inside(`x1[${placeOf('which', ids.layout)}]`, last)
  const body = `let inner = i % ${width}u;
let which = i / ${width}u % ${count}u;
let outer = i / ${width * count}u;
y0[i] = x0[${placeOf('outer', before)} + ${id} * ${layout.strides[axis]}u + ${placeOf('inner', after)}];`
  return eachElement({ reads: [x.dtype, ids.dtype], writes: [out.dtype], body }, productOf(out.sizes))
}

/**
 * The second of two shaders of a sum at ids: the first copies what is added to. A thread adds all numbers of a column, in the order of
 * the ids, so that the sums are the same each time.
 */
export function addedAt([, ids, updates]: readonly Given[], { axis }: AttributesOf<'scatterAdd'>, out: Made): Shader {
  const size = out.sizes[axis]
  const rows = productOf(out.sizes.slice(0, axis))
  const width = productOf(out.sizes.slice(axis + 1))
  const count = productOf(ids.layout.sizes)
  const value = isFloat(out.dtype) ? rounded('y0[at] + more', out.dtype) : 'y0[at] + more'
  const body = `let row = i / ${width}u;
let column = i % ${width}u;
for (var which = 0u; which < ${count}u; which++) {
  let id = x0[${placeOf('which', ids.layout)}];
  if (id < 0 || id >= ${size}) { continue; }
  let source = (row * ${count}u + which) * ${width}u + column;
  let more: ${typeOf(out.dtype)} = x1[${placeOf('source', updates.layout)}];
  let at = (row * ${size}u + u32(id)) * ${width}u + column;
  y0[at] = ${value};
}`
  return eachElement({ reads: [ids.dtype, updates.dtype], writes: [out.dtype], body }, rows * width)
}
