import { isFloat, type DType } from '../../tensor/index.js'
import { collapse, type Layout } from '../host/layout.js'
import { functionsIn } from './functions.js'
import type { Shader } from './queue.js'

/** WGSL's type of a dtype's elements: halves are held as f32, booleans as 0 and 1. */
export const typeOf = (dtype: DType): 'f32' | 'i32' | 'u32' =>
  isFloat(dtype) ? 'f32' : dtype === 'i32' ? 'i32' : 'u32'

/** A value rounded to its dtype, as if it had been stored. */
export const rounded = (value: string, dtype: DType): string =>
  dtype === 'bf16' ? `toBf16(${value})` : dtype === 'f16' ? `toF16(${value})` : value

const word = new Float32Array(1)
const bits = new Uint32Array(word.buffer)

/** A number as it is held, exactly; infinity and NaN are no constants of WGSL, but results of functions. */
export function number(value: number, dtype: DType): string {
  const type = typeOf(dtype)
  if (type !== 'f32') return type === 'u32' ? `${value >>> 0}u` : `bitcast<i32>(${value >>> 0}u)`
  word[0] = value
  return `fromBits(${bits[0]}u)`
}

/** The place in memory of an element, from a variable that counts a layout's elements in row-major order. */
export function placeOf(index: string, layout: Layout): string {
  const { sizes, strides } = collapse([layout])
  const terms: string[] = layout.offset === 0 ? [] : [`${layout.offset}u`]
  for (let axis = sizes.length - 1, inner = 1; axis >= 0; inner *= sizes[axis--]) {
    const stride = strides[0][axis]
    if (stride === 0) continue
    const counted = inner === 1 ? index : `${index} / ${inner}u`
    const inside = axis === 0 ? counted : `${counted} % ${sizes[axis]}u`
    terms.push(stride === 1 ? `(${inside})` : `(${inside}) * ${stride}u`)
  }
  return terms.join(' + ') || '0u'
}

/** A part of a layout's axes; the offset stays with whoever asks for it. */
export const axesOf = ({ sizes, strides }: Layout, axes: readonly number[], offset = 0): Layout => ({
  offset,
  sizes: axes.map((axis) => sizes[axis]),
  strides: axes.map((axis) => strides[axis]),
})

/** Most workgroups along a dimension of a dispatch, by WebGPU's default limits. */
const MOST_WORKGROUPS = 65535

export interface Text {
  /** Of the arrays read, which are x0, x1, ... */
  readonly reads: readonly DType[]
  /** Of the arrays written, which are y0, y1, ... and may be read too. */
  readonly writes: readonly DType[]
  /** Declarations beside the arrays. */
  readonly declarations?: string
  readonly body: string
}

/** A shader of `threads` threads a workgroup, whose body finds `thread` and `group` (x, y, z) in variables of these names. */
export function shaderOf(
  { reads, writes, declarations = '', body }: Text,
  threads: number,
  workgroups: Shader['workgroups'],
): Shader {
  const binding = (i: number, access: string, name: string, dtype: DType) =>
    `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${typeOf(dtype)}>;`
  const main = `@compute @workgroup_size(${threads})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
${body}
}`
  const text = [
    ...reads.map((dtype, i) => binding(i, 'read', `x${i}`, dtype)),
    ...writes.map((dtype, i) => binding(reads.length + i, 'read_write', `y${i}`, dtype)),
    declarations,
    main,
  ].join('\n')
  return { code: functionsIn(text) + text, workgroups }
}

/** Workgroups in as many dimensions as their number needs, and WGSL of their index. */
export function spread(count: number): { workgroups: Shader['workgroups']; block: string } {
  const x = Math.min(count, MOST_WORKGROUPS)
  const y = Math.ceil(count / x)
  return { workgroups: [x, y, 1], block: y === 1 ? 'group.x' : `(group.y * ${x}u + group.x)` }
}

const THREADS = 64

/** A shader with a thread for each of `count` elements, whose body finds its index in `i`. */
export function eachElement(text: Text, count: number): Shader {
  const { workgroups, block } = spread(Math.max(1, Math.ceil(count / THREADS)))
  const body = `let i = ${block} * ${THREADS}u + thread;\nif (i >= ${count}u) { return; }\n${text.body}`
  return shaderOf({ ...text, body }, THREADS, workgroups)
}
