import { sizeOf, type Dim, type Role } from '../tensor/index.js'
import { meshProblem, parsePairs, type Pair } from './pairs.js'
import { refuseTwoAxes } from './refusals.js'

/** One direction of a mesh of devices. */
export interface Axis {
  readonly name: string
  readonly size: number
}

/** Devices in a grid with named axes. Device numbers are row-major: the last axis runs fastest. */
export interface Mesh {
  readonly axes: readonly Axis[]
  /** Number of devices. */
  readonly size: number
}

/** For a dim's name the axis that splits it. */
export type Layout = ReadonlyMap<string, string>

/** For each dim of a tensor the axis that splits it, or null. */
export type Axes = readonly (string | null)[]

/**
 * How tensors are split over a mesh: a function of the names of their dims alone. Tensors of a computation follow `layout`; parameters
 * and what belongs to them (gradients, optimizer state) follow `parameterLayout`, which may split them further. Rules
 * whose axis the mesh lacks are left out, as in Mesh TensorFlow.
 */
export interface Placement {
  readonly mesh: Mesh
  readonly layout: Layout
  readonly parameterLayout: Layout
}

/** A mesh or layout that is not possible: what, where and what to do, one line each. */
export class LayoutError extends Error {
  override name = 'LayoutError'
}

/** A mesh from GPT-Neo's text, "x:4,y:2"; an empty one is one device. Throws LayoutError. */
export function parseMesh(text: unknown): Mesh {
  const pairs = pairsOf('mesh_shape', text)
  const problem = meshProblem(pairs)
  if (problem !== null) throw new LayoutError(`mesh_shape: ${problem}`)
  const axes = pairs.map(([name, size]) => ({ name, size: Number(size) }))
  return { axes, size: sizeOf(axes) }
}

/**
 * A placement from GPT-Neo's texts: mesh_shape "x:4,y:2", layout "batch:x,heads:y". `parameterLayout` has
 * further rules for stored parameters, such as "embd:x"; a dim that it does not name is split as in `layout`.
 * Throws LayoutError for malformed text, and for a dim that is split over two axes.
 */
export function parsePlacement(meshShape: unknown, layout: unknown, parameterLayout: unknown = ''): Placement {
  const mesh = parseMesh(meshShape)
  const rules = layoutOf('layout', layout, mesh)
  const further = layoutOf('parameter_layout', parameterLayout, mesh)
  return { mesh, layout: rules, parameterLayout: new Map([...rules, ...further]) }
}

function layoutOf(key: string, text: unknown, mesh: Mesh): Layout {
  const layout = new Map<string, string>()
  for (const [dim, axis] of pairsOf(key, text)) {
    if (!mesh.axes.some(({ name }) => name === axis)) continue
    const before = layout.get(dim)
    if (before !== undefined && before !== axis) throw new LayoutError(refuseTwoAxes(key, dim, before, axis))
    layout.set(dim, axis)
  }
  return layout
}

function pairsOf(key: string, text: unknown): Pair[] {
  try {
    return parsePairs(text)
  } catch (error) {
    throw new LayoutError(`${key}: ${(error as Error).message}`)
  }
}

/** Devices along an axis; 1 for one that the mesh lacks. */
export function axisSize({ axes }: Mesh, name: string | null | undefined): number {
  return axes.find((axis) => axis.name === name)?.size ?? 1
}

/** Parts that a dim of this name is split into in computations. */
export function partsOf({ mesh, layout }: Placement, dim: string): number {
  return axisSize(mesh, layout.get(dim))
}

/** As `partsOf` for a dim's name, with 1 where there is no mesh. */
export function partsOn(placement: Placement | null): (dim: string) => number {
  return (dim) => (placement ? partsOf(placement, dim) : 1)
}

/**
 * The axes that split a tensor. A dim that its axis does not divide is replicated, and so is the second of two dims with
 * one axis; `checkPlacement` reports both.
 */
export function axesOf({ mesh, layout, parameterLayout }: Placement, dims: readonly Dim[], role: Role): Axes {
  const rules = role === 'parameters' ? parameterLayout : layout
  const taken = new Set<string>()
  return dims.map(({ name, size }) => {
    const axis = rules.get(name)
    const parts = axisSize(mesh, axis)
    if (axis === undefined || parts === 1 || size % parts !== 0 || taken.has(axis)) return null
    taken.add(axis)
    return axis
  })
}

/** `x:4,y:2` */
export function showMesh({ axes }: Mesh): string {
  return axes.map(({ name, size }) => `${name}:${size}`).join(',')
}

/** `batch:x,heads:y` */
export function showLayout(layout: Layout): string {
  return [...layout].map((pair) => pair.join(':')).join(',')
}
