import type { Axis } from '../mesh/index.js'
import { clusterOf, namesGpu, type GpuCluster } from './gpu/cluster.js'
import { clusterRing } from './gpu/links.js'
import { ringBandwidth } from './links.js'
import { plainBytes, tiledBytes, type ArrayBytes } from './static/tiles.js'
import { topologyOf, type Topology } from './topology.js'

/** The devices that a plan is for. */
export interface Hardware {
  /** For example `v3-8`, or `8 CPU devices`. */
  readonly name: string
  readonly devices: number
  /** Bytes of a device that programs can use; null if not known. */
  readonly memory: number | null
  readonly arrayBytes: ArrayBytes
  /** Of one device; null if not known. */
  readonly speeds: {
    /** bf16 operations per second. */
    readonly flops: number
    /** Memory bandwidth, bytes per second. */
    readonly memory: number
    /** Clock frequency, Hz: XLA estimates kernels in cycles. */
    readonly clock: number
    /** Bytes per second that a device sends in rings along axes of a mesh. */
    ring(mesh: readonly Axis[], axes: readonly string[]): number
  } | null
  /** Of a TPU slice; null for other hardware. */
  readonly topology: Topology | null
  /** Of GPUs; null for other hardware. */
  readonly cluster: GpuCluster | null
}

/** The hardware of a name: a TPU slice such as `v3-8`, or GPUs such as `h100-8`. Throws TopologyError. */
export function hardwareOf(name: string): Hardware {
  return namesGpu(name) ? gpus(name) : tpuSlice(name)
}

/** A TPU slice by its name. Throws TopologyError. */
export function tpuSlice(name: string): Hardware {
  const topology = topologyOf(name)
  const { chip, devices } = topology
  return {
    name: topology.name,
    devices,
    memory: chip.usable,
    arrayBytes: tiledBytes,
    speeds: {
      flops: chip.peakFlops / chip.devices,
      memory: chip.memoryBandwidth / chip.devices,
      clock: chip.clock,
      ring: (mesh, axes) => ringBandwidth(topology, mesh, axes),
    },
    topology,
    cluster: null,
  }
}

/** Bytes are not padded on GPUs, and XLA's client takes at most this part of a card's memory. */
const TAKEN = 0.75

/** GPUs by their name, as `h100-8` or `a100-80gb-64`. Throws TopologyError. */
export function gpus(name: string): Hardware {
  const cluster = clusterOf(name)
  const { card, cards } = cluster
  return {
    name: cluster.name,
    devices: cards,
    memory: Math.floor(TAKEN * card.memory),
    arrayBytes: plainBytes,
    speeds: {
      flops: card.peakFlops,
      memory: card.memoryBandwidth,
      clock: card.sm?.clock ?? 0,
      ring: (mesh, axes) => clusterRing(cluster, mesh, axes),
    },
    topology: null,
    cluster,
  }
}

/** Virtual devices of a CPU, to inspect partitioned programs. */
export function cpuDevices(devices: number): Hardware {
  const name = `${devices} CPU device${devices === 1 ? '' : 's'}`
  return { name, devices, memory: null, arrayBytes: plainBytes, speeds: null, topology: null, cluster: null }
}
