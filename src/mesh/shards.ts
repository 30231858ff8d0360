import { productOf, sizeOf, type Dim } from '../tensor/index.js'
import { axisSize, type Axes, type Mesh } from './placement.js'

/** Host arrays that can be sliced: typed arrays, as an engine takes and gives them. */
type Data = Float32Array | Uint16Array | Int32Array | Uint32Array | Uint8Array

/** The block of an array that one device holds: for each dim its first index and its size. */
export interface Block {
  readonly starts: readonly number[]
  readonly sizes: readonly number[]
}

/** Dims of what each device holds of a tensor. */
export function shardDims(dims: readonly Dim[], axes: Axes, mesh: Mesh): Dim[] {
  return dims.map(({ name, size }, i) => ({ name, size: size / axisSize(mesh, axes[i]) }))
}

/** All of an array. */
export function wholeBlock(dims: readonly Dim[]): Block {
  return { starts: dims.map(() => 0), sizes: dims.map(({ size }) => size) }
}

/** The part that two blocks of one array share; null if they have none. */
export function intersection(a: Block, b: Block): Block | null {
  const starts = a.starts.map((start, i) => Math.max(start, b.starts[i]))
  const ends = a.starts.map((start, i) => Math.min(start + a.sizes[i], b.starts[i] + b.sizes[i]))
  const sizes = ends.map((end, i) => end - starts[i])
  return sizes.every((size) => size > 0) ? { starts, sizes } : null
}

/** Index of a device along each axis of the mesh. */
export function coordinates({ axes }: Mesh, device: number): number[] {
  const at: number[] = []
  for (const { size } of [...axes].reverse()) {
    at.unshift(device % size)
    device = Math.floor(device / size)
  }
  return at
}

/** The block of a tensor that a device holds. */
export function blockOf(dims: readonly Dim[], axes: Axes, mesh: Mesh, device: number): Block {
  const at = coordinates(mesh, device)
  const sizes = shardDims(dims, axes, mesh).map(({ size }) => size)
  const coordinate = (axis: string | null) => Math.max(0, at[mesh.axes.findIndex(({ name }) => name === axis)] ?? 0)
  return { sizes, starts: sizes.map((size, i) => size * coordinate(axes[i])) }
}

/** The indices along the first dim of a tensor of which some of the devices hold a part. */
export function leadingIndices(dims: readonly Dim[], axes: Axes, mesh: Mesh, devices: Iterable<number>): Set<number> {
  const found = new Set<number>()
  for (const device of devices) {
    const { starts, sizes } = blockOf(dims, axes, mesh, device)
    for (let i = 0; i < sizes[0]; i++) found.add(starts[0] + i)
  }
  return found
}

/** The first device of those that hold each block: these together hold the whole tensor once. */
export function owners(axes: Axes, mesh: Mesh): number[] {
  const devices = Array.from({ length: mesh.size }, (_, device) => device)
  const splits = mesh.axes.map(({ name }) => axes.includes(name))
  return devices.filter((device) => coordinates(mesh, device).every((index, i) => splits[i] || index === 0))
}

/** A block of a row-major array; the array itself if that is all of it. */
export function cut<T extends Data>(data: T, dims: readonly Dim[], block: Block): T {
  if (sizeOf(dims) === productOf(block.sizes)) return data
  const made = new (data.constructor as new (length: number) => T)(productOf(block.sizes))
  forEachRun(dims, block, (whole, part, length) => made.set(data.subarray(whole, whole + length), part))
  return made
}

/** Writes a block into the row-major array that it is a part of. */
export function paste<T extends Data>(data: T, dims: readonly Dim[], block: Block, shard: T): void {
  forEachRun(dims, block, (whole, part, length) => data.set(shard.subarray(part, part + length), whole))
}

/** Visits the longest runs of a block that lie together in the whole array. */
export function forEachRun(
  dims: readonly Dim[],
  { starts, sizes }: Block,
  visit: (whole: number, part: number, length: number) => void,
) {
  let last = dims.length - 1
  while (last > 0 && sizes[last] === dims[last].size) last--
  const inner = sizeOf(dims.slice(last + 1))
  const length = (sizes[last] ?? 1) * inner
  const outer = productOf(sizes.slice(0, Math.max(0, last)))
  for (let row = 0; row < outer; row++) {
    let rest = row
    let whole = (starts[last] ?? 0) * inner
    let stride = (dims[last]?.size ?? 1) * inner
    for (let i = last - 1; i >= 0; i--) {
      whole += (starts[i] + (rest % sizes[i])) * stride
      rest = Math.floor(rest / sizes[i])
      stride *= dims[i].size
    }
    visit(whole, row * length, length)
  }
}
