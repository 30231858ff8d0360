import type { Axis } from '../../mesh/index.js'
import { productOf, sizeOf } from '../../tensor/index.js'
import type { Instruction, IotaGroups, MeshGroups } from './module.js'

/** The groups of partitions of a collective; one group of all if it states none. */
export function groupsOf(instruction: Instruction, partitions: number): readonly (readonly number[])[] {
  const { listed, list, iota, mesh } = instruction
  if (mesh) return meshGroups(mesh)
  const numbered = iota ?? list?.iota
  if (numbered) return iotaGroups(numbered)
  const groups = listed.length > 0 ? listed : (list?.listed ?? [])
  return groups.length > 0 ? groups.map(({ ids }) => ids) : [range(partitions)]
}

/** Numbers from 0 in an array of these sizes, with axes reordered by `transpose`, row-major. */
function transposed(sizes: readonly number[], transpose: readonly number[]): number[] {
  const strides = sizes.map((_, axis) => productOf(sizes.slice(axis + 1)))
  return transpose.reduce<number[]>(
    (starts, axis) => starts.flatMap((start) => range(sizes[axis]).map((i) => start + i * strides[axis])),
    [0],
  )
}

function iotaGroups({ groups, size, reshape, transpose }: IotaGroups): number[][] {
  return cut(transposed(reshape, transpose.length > 0 ? transpose : reshape.map((_, i) => i)), groups, size)
}

/** Splits axes that groups span partly into the factors before, within and after the group. */
function meshGroups({ mesh, axes }: MeshGroups): number[][] {
  const sizes: number[] = []
  const joined: number[] = []
  for (const [axis, { size }] of (mesh?.axes ?? []).entries()) {
    const onAxis = axes.filter((each) => each.axis === axis)
    const cuts = new Set([
      1,
      size,
      ...onAxis.flatMap(({ part }) => (part ? [part.before, part.before * part.size] : [])),
    ])
    const points = [...cuts].sort((a, b) => a - b)
    for (const [i, from] of points.slice(0, -1).entries()) {
      const inside = onAxis.some(({ part }) => !part || (from >= part.before && from < part.before * part.size))
      if (inside) joined.push(sizes.length)
      sizes.push(points[i + 1] / from)
    }
    if (size === 1) sizes.push(1)
  }
  const others = sizes.map((_, axis) => axis).filter((axis) => !joined.includes(axis))
  const numbers = transposed(sizes, [...others, ...joined])
  const devices = mesh?.devices.length ? numbers.map((i) => mesh.devices[i]) : numbers
  const size = productOf(joined.map((axis) => sizes[axis]))
  return cut(devices, devices.length / size, size)
}

/**
 * Mesh axes that the groups span, such as `x` or `x,y`; `all` for a single group of all devices; and for groups that are
 * not whole axes their size, such as `groups of 4`.
 */
export function axesOfGroups(groups: readonly (readonly number[])[], mesh: readonly Axis[]): string {
  const wanted = key(groups)
  for (const axes of subsets(mesh.filter(({ size }) => size > 1))) {
    if (sizeOf(axes) !== groups[0].length) continue
    const order = (inside: boolean) => mesh.flatMap((axis, i) => (axes.includes(axis) === inside ? [i] : []))
    const sizes = mesh.map(({ size }) => size)
    const numbers = transposed(sizes, [...order(false), ...order(true)])
    if (key(cut(numbers, groups.length, groups[0].length)) === wanted) return axes.map(({ name }) => name).join(',')
  }
  return `groups of ${groups[0].length}`
}

/** Axes along which the partners of a permute differ. */
export function axesOfPairs(pairs: Instruction['pairs'], mesh: readonly Axis[]): string {
  const strides = mesh.map((_, i) => sizeOf(mesh.slice(i + 1)))
  const coordinate = (partition: number, axis: number) => Math.floor(partition / strides[axis]) % mesh[axis].size
  const axes = mesh.filter((_, axis) =>
    pairs.some(({ source, target }) => coordinate(source, axis) !== coordinate(target, axis)),
  )
  return axes.map(({ name }) => name).join(',') || 'none'
}

/** Groups as a text that does not depend on their order. */
function key(groups: readonly (readonly number[])[]): string {
  return groups
    .map((group) => [...group].sort((a, b) => a - b).join())
    .sort()
    .join(';')
}

function subsets(axes: readonly Axis[]): Axis[][] {
  return axes
    .reduce<Axis[][]>((all, axis) => [...all, ...all.map((some) => [...some, axis])], [[]])
    .sort((a, b) => a.length - b.length)
}

function cut(numbers: readonly number[], groups: number, size: number): number[][] {
  return Array.from({ length: groups }, (_, i) => numbers.slice(i * size, (i + 1) * size))
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
