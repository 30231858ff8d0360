import type { Axis } from '../mesh/index.js'
import { sizeOf } from '../tensor/index.js'
import type { Topology } from './topology.js'

/**
 * Bytes per second that each device sends in rings along mesh axes. Devices are numbered core by core, then along the
 * first dim of the torus, and so on; the last axis of a mesh runs fastest over them. In each dim of the torus that the
 * axes run along, a device sends both ways if they close a ring there, else one way; devices of a chip share its links.
 * Within a chip its memory is the limit. An estimate that assumes that the compiler uses all dims at once, as libtpu does.
 */
export function ringBandwidth(
  { chip, shape, chips }: Topology,
  mesh: readonly Axis[],
  axes: readonly string[],
): number {
  const torus = [
    { size: chip.devices, wraps: false },
    ...shape.map((size) => ({ size, wraps: wraps(chip.generation, shape, size) })),
  ]
  let links = 0
  let inner = 1
  for (const [i, { size, wraps: closed }] of torus.entries()) {
    const extent = axes.reduce((product, name) => product * overlap(mesh, name, inner, inner * size), 1)
    if (i > 0 && extent > 1) links += extent === size && closed ? 2 : 1
    inner *= size
  }
  // Groups that are not axes use at least one link.
  const known = axes.some((name) => mesh.some((axis) => axis.name === name))
  if (links === 0 && !known) links = 1
  return links === 0 || chips === 1 ? chip.memoryBandwidth / 2 : (links * chip.linkBandwidth) / chip.devices
}

/** Extent of an axis between two strides. */
export function overlap(mesh: readonly Axis[], name: string, from: number, to: number): number {
  const at = mesh.findIndex((axis) => axis.name === name)
  if (at < 0) return 1
  const stride = sizeOf(mesh.slice(at + 1))
  return Math.max(1, Math.min(stride * mesh[at].size, to) / Math.max(stride, from))
}

/** Whether the ends of a dim are linked: in solids made of cubes of 4, elsewhere at the full width of a pod. */
function wraps(generation: string, shape: readonly number[], size: number): boolean {
  if (shape.length === 3) return shape.every((each) => each % 4 === 0)
  return size === (generation === 'v3' ? 32 : 16)
}
