import { productOf, type AttributesOf } from '../../tensor/index.js'
import type { Given, Made } from '../host/kernel.js'
import type { Layout } from '../host/layout.js'
import type { Shader } from './queue.js'
import { closest, sums } from './reduce.js'
import { axesOf, placeOf, rounded, shaderOf, typeOf } from './wgsl.js'

/** An operand: its batches (with the offset), rows or columns, and what is summed over. */
interface Side {
  readonly batches: Layout
  readonly free: Layout
  readonly summed: Layout
}

function sideOf(layout: Layout, batch: readonly number[], contract: readonly number[]): Side {
  const free = layout.sizes.map((_, axis) => axis).filter((axis) => !batch.includes(axis) && !contract.includes(axis))
  return {
    batches: axesOf(layout, batch, layout.offset),
    free: axesOf(layout, free),
    summed: axesOf(layout, contract),
  }
}

/** Products with at most this many rows or columns have no tiles to share. */
const SKINNY = 4
/** Sums that a tile holds at a time. */
const DEPTH = 16
/** Threads of a workgroup along rows and along columns. */
const ACROSS = 16

/** Products of all pairs of rows, whatever the order of the axes; floats are added up in f32. */
export function product([a, b]: readonly Given[], { batch, contract }: AttributesOf<'dot'>, out: Made): Shader {
  const [left, right] = [sideOf(a.layout, batch[0], contract[0]), sideOf(b.layout, batch[1], contract[1])]
  const [rows, columns] = [productOf(left.free.sizes), productOf(right.free.sizes)]
  return Math.min(rows, columns) <= SKINNY
    ? skinny([a, b], left, right, rows, columns, out)
    : tiled([a, b], left, right, rows, columns, out)
}

function skinny([a, b]: readonly Given[], left: Side, right: Side, rows: number, columns: number, out: Made): Shader {
  const large = rows > columns ? left : right
  return sums({
    how: 'sum',
    dtype: out.dtype,
    results: productOf(out.sizes),
    depth: productOf(left.summed.sizes),
    deep: closest(large.summed) < closest(large.free),
    reads: [a.dtype, b.dtype],
    made: out.dtype,
    before: `let batch = o / ${rows * columns}u;
  let row = o / ${columns}u % ${rows}u;
  let column = o % ${columns}u;
  let left = ${placeOf('batch', left.batches)} + ${placeOf('row', left.free)};
  let right = ${placeOf('batch', right.batches)} + ${placeOf('column', right.free)};`,
    load: `x0[left + ${placeOf('r', left.summed)}] * x1[right + ${placeOf('r', right.summed)}]`,
  })
}

/** Workgroups compute tiles of the result, each thread a square of it, from tiles of the operands that they share. */
function tiled([a, b]: readonly Given[], left: Side, right: Side, rows: number, columns: number, out: Made): Shader {
  const each = rows > 2 * ACROSS && columns > 2 * ACROSS ? 4 : rows > ACROSS || columns > ACROSS ? 2 : 1
  const tile = ACROSS * each
  const depth = productOf(left.summed.sizes)
  const type = typeOf(out.dtype)
  const counts = [...Array(each).keys()]
  const fill = (name: string, array: string, { free, summed }: Side, from: string, size: number) => {
    // Neighbouring threads read neighbouring places.
    const deep = closest(summed) < closest(free)
    const at = `thread + ${ACROSS * ACROSS}u * part`
    const [k, f] = deep ? [`(${at}) % ${DEPTH}u`, `(${at}) / ${DEPTH}u`] : [`(${at}) / ${tile}u`, `(${at}) % ${tile}u`]
    return `for (var part = 0u; part < ${(tile * DEPTH) / ACROSS ** 2}u; part++) {
  let k = ${k};
  let f = ${f};
  let r = start + k;
  let each = ${from} + f;
  var value = ${type}(0);
  if (each < ${size}u && r < ${depth}u) { value = ${array}[${name}Base + ${placeOf('each', free)} + ${placeOf('r', summed)}]; }
  ${name}[k * ${tile}u + f] = value;
}`
  }
  const body = `let column = thread % ${ACROSS}u;
let row = thread / ${ACROSS}u;
let firstRow = group.y * ${tile}u;
let firstColumn = group.x * ${tile}u;
let leftBase = ${placeOf('group.z', left.batches)};
let rightBase = ${placeOf('group.z', right.batches)};
${counts.flatMap((i) => counts.map((j) => `var s${i}${j} = ${type}(0);`)).join(' ')}
for (var start = 0u; start < ${depth}u; start += ${DEPTH}u) {
${fill('left', 'x0', left, 'firstRow', rows)}
${fill('right', 'x1', right, 'firstColumn', columns)}
  workgroupBarrier();
  for (var k = 0u; k < ${DEPTH}u; k++) {
    ${counts.map((i) => `let a${i} = left[k * ${tile}u + row * ${each}u + ${i}u];`).join(' ')}
    ${counts.map((j) => `let b${j} = right[k * ${tile}u + column + ${ACROSS * j}u];`).join(' ')}
    ${counts.flatMap((i) => counts.map((j) => `s${i}${j} += a${i} * b${j};`)).join(' ')}
  }
  workgroupBarrier();
}
${counts
  .flatMap((i) =>
    counts.map(
      (j) => `{
  let m = firstRow + row * ${each}u + ${i}u;
  let n = firstColumn + column + ${ACROSS * j}u;
  if (m < ${rows}u && n < ${columns}u) { y0[(group.z * ${rows}u + m) * ${columns}u + n] = ${rounded(`s${i}${j}`, out.dtype)}; }
}`,
    ),
  )
  .join('\n')}`
  const shared = ['left', 'right'].map((name) => `var<workgroup> ${name}: array<${type}, ${DEPTH * tile}>;`)
  const batches = productOf(left.batches.sizes)
  return shaderOf(
    { reads: [a.dtype, b.dtype], writes: [out.dtype], declarations: shared.join('\n'), body },
    ACROSS * ACROSS,
    [Math.ceil(columns / tile), Math.ceil(rows / tile), batches],
  )
}
