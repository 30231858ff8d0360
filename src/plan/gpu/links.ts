import type { Axis } from '../../mesh/index.js'
import { productOf } from '../../tensor/index.js'
import { overlap } from '../links.js'
import type { GpuCluster } from './cluster.js'

/**
 * Bytes per second that each card sends in rings along mesh axes. Cards are numbered host by host; the last axis of a mesh
 * runs fastest over them. Within a domain the limit is a card's links. A ring over several domains enters and leaves each
 * through the adapters of its members there, all of which NCCL uses, so more members make it faster, up to the links.
 */
export function clusterRing({ card, cards }: GpuCluster, mesh: readonly Axis[], axes: readonly string[]): number {
  const { domain, linkBandwidth, networkBandwidth } = card
  if (cards <= domain) return linkBandwidth
  const sizes = axes.map((name) => mesh.find((axis) => axis.name === name)?.size)
  // Groups that are not axes have one member of each domain at worst.
  if (sizes.includes(undefined)) return networkBandwidth
  const within = axes.reduce((product, name) => product * overlap(mesh, name, 1, domain), 1)
  if (within >= productOf(sizes as number[])) return linkBandwidth
  return Math.min(linkBandwidth, within * networkBandwidth)
}
