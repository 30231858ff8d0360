/** Properties of a TPU chip, as Google documents them and libtpu reports them. */
export interface Chip {
  readonly generation: string
  /** Cores per chip as counted in names of slices: `v3-8` is four chips. */
  readonly cores: 1 | 2
  /** Devices per chip. From v4 on two cores are one device, except on tpu7x. */
  readonly devices: 1 | 2
  /** bf16 operations per second. */
  readonly peakFlops: number
  /** Bytes of memory (HBM). */
  readonly memory: number
  /** Bytes of a device's memory that libtpu 0.0.52 leaves to programs: its device_memory_bytes_limit. */
  readonly usable: number
  /** Memory bandwidth, bytes per second. */
  readonly memoryBandwidth: number
  /** Bytes per second over one link to a neighbour, each way. */
  readonly linkBandwidth: number
  /** Dims of the mesh or torus: two links each. */
  readonly dims: 2 | 3
  /** Clock frequency, Hz, for XLA's cycle estimates. */
  readonly clock: number
  readonly source: string
}

const GIB = 2 ** 30
const docs = (page: string) => `https://docs.cloud.google.com/tpu/docs/${page}`

/**
 * Compute, memory and its bandwidth: Google's page on each generation (`source`). Links: for v2 and v3 Jouppi et al. 2020,
 * "A Domain-Specific Supercomputer for Training Deep Neural Networks" (496 and 656 Gbit/s), for v4 the documented all-reduce
 * bandwidth of a pod over chips and links, from v5 on the documented bandwidth of a chip (both ways) over its links.
 * Clocks: for v2 to v4 Jouppi et al. 2020 and 2023; else the peak over what the matrix units do in the cycles that libtpu
 * estimates for a large product.
 */
export const CHIPS = {
  v2: {
    generation: 'v2',
    cores: 2,
    devices: 2,
    peakFlops: 45e12,
    memory: 16 * GIB,
    usable: 8034172928,
    memoryBandwidth: 700e9,
    linkBandwidth: 62e9,
    dims: 2,
    clock: 0.7e9,
    source: docs('v2'),
  },
  v3: {
    generation: 'v3',
    cores: 2,
    devices: 2,
    peakFlops: 123e12,
    memory: 32 * GIB,
    usable: 16624107520,
    memoryBandwidth: 900e9,
    linkBandwidth: 82e9,
    dims: 2,
    clock: 0.94e9,
    source: docs('v3'),
  },
  v4: {
    generation: 'v4',
    cores: 2,
    devices: 1,
    peakFlops: 275e12,
    memory: 32 * GIB,
    usable: 33014413312,
    memoryBandwidth: 1200e9,
    linkBandwidth: 45e9,
    dims: 3,
    clock: 1.05e9,
    source: docs('v4'),
  },
  v5e: {
    generation: 'v5e',
    cores: 1,
    devices: 1,
    peakFlops: 197e12,
    memory: 16 * GIB,
    usable: 16909334528,
    memoryBandwidth: 819e9,
    linkBandwidth: 50e9,
    dims: 2,
    clock: 1.5e9,
    source: docs('v5e'),
  },
  v5p: {
    generation: 'v5p',
    cores: 2,
    devices: 1,
    peakFlops: 459e12,
    memory: 95 * GIB,
    usable: 102786660352,
    memoryBandwidth: 2765e9,
    linkBandwidth: 100e9,
    dims: 3,
    clock: 1.75e9,
    source: docs('v5p'),
  },
  v6e: {
    generation: 'v6e',
    cores: 1,
    devices: 1,
    peakFlops: 918e12,
    memory: 32 * GIB,
    usable: 33546039296,
    memoryBandwidth: 1638e9,
    linkBandwidth: 100e9,
    dims: 2,
    clock: 1.75e9,
    source: docs('v6e'),
  },
  tpu7x: {
    generation: 'tpu7x',
    cores: 2,
    devices: 2,
    peakFlops: 2307e12,
    memory: 192 * GIB,
    usable: 101724450816,
    memoryBandwidth: 7380e9,
    linkBandwidth: 100e9,
    dims: 3,
    clock: 2.2e9,
    source: docs('tpu7x'),
  },
} as const satisfies Record<string, Chip>

export type Generation = keyof typeof CHIPS
