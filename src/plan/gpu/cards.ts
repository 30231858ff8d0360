/** Properties of a GPU, as its maker documents them. */
export interface Card {
  /** As in a cluster's name: `h100` of `h100-8`. */
  readonly name: string
  /** As the driver reports it. */
  readonly product: string
  /** bf16 operations per second of matrix products with f32 sums, without sparsity. */
  readonly peakFlops: number
  /** Bytes of memory, as the driver reports them. */
  readonly memory: number
  /** Memory bandwidth, bytes per second. */
  readonly memoryBandwidth: number
  /** Bytes per second that a card sends to cards of its domain: NVLink, Infinity Fabric, or PCIe. */
  readonly linkBandwidth: number
  /** Cards that are linked to each other without the network. */
  readonly domain: number
  /** Cards of one host. */
  readonly host: number
  /** Bytes per second that a card sends to other domains: its own adapter, or its part of the host's. */
  readonly networkBandwidth: number
  /** Of an SM, for XLA's target; null where XLA cannot compile without the card. */
  readonly sm: StreamingMultiprocessor | null
  readonly source: string
}

/** What XLA's compiler has to know of a card beside its memory. */
export interface StreamingMultiprocessor {
  readonly count: number
  /** Compute capability. */
  readonly capability: readonly [major: number, minor: number]
  /** Clock frequency, Hz. */
  readonly clock: number
  /** Bytes of level 2 cache of the card. */
  readonly cache: number
}

const MIB = 2 ** 20
const nvidia = (page: string) => `https://www.nvidia.com/en-us/${page}`

/** Adapters: HDR and NDR InfiniBand have 200 and 400 Gbit/s, one adapter a card; hosts of smaller cards share 100 Gbit/s. */
const [HDR, NDR, SHARED] = [25e9, 50e9, 12.5e9 / 8]
/** 16 lanes of PCIe, each way. */
const [PCIE_4, PCIE_5] = [32e9, 64e9]

const a100 = {
  peakFlops: 312e12,
  linkBandwidth: 300e9,
  domain: 8,
  host: 8,
  networkBandwidth: HDR,
  sm: { count: 108, capability: [8, 0], clock: 1.41e9, cache: 40 * MIB },
  source: nvidia('data-center/a100'),
} as const
const hopper = {
  peakFlops: 989.4e12,
  linkBandwidth: 450e9,
  domain: 8,
  host: 8,
  networkBandwidth: NDR,
  sm: { count: 132, capability: [9, 0], clock: 1.98e9, cache: 50 * MIB },
} as const

/**
 * Peaks, bandwidths and links: the makers' data sheets (`source`), read in November 2026. Memory: `memory.total` of nvidia-smi
 * and rocm-smi. Cards of workstations are taken to have eight a host, without NVLink.
 */
export const CARDS = [
  {
    ...a100,
    name: 'a100-40gb',
    product: 'NVIDIA A100-SXM4-40GB',
    memory: 40960 * MIB,
    memoryBandwidth: 1555e9,
  },
  {
    ...a100,
    name: 'a100-80gb',
    product: 'NVIDIA A100-SXM4-80GB',
    memory: 81920 * MIB,
    memoryBandwidth: 2039e9,
  },
  {
    ...hopper,
    name: 'h100',
    product: 'NVIDIA H100 80GB HBM3',
    memory: 81559 * MIB,
    memoryBandwidth: 3352e9,
    source: nvidia('data-center/h100'),
  },
  {
    ...hopper,
    name: 'h200',
    product: 'NVIDIA H200',
    memory: 143771 * MIB,
    memoryBandwidth: 4800e9,
    source: nvidia('data-center/h200'),
  },
  {
    name: 'b200',
    product: 'NVIDIA B200',
    peakFlops: 2250e12,
    memory: 183359 * MIB,
    memoryBandwidth: 7700e9,
    linkBandwidth: 900e9,
    domain: 8,
    host: 8,
    networkBandwidth: NDR,
    sm: { count: 148, capability: [10, 0], clock: 1.965e9, cache: 126 * MIB },
    source: nvidia('data-center/dgx-b200'),
  },
  {
    name: 'gb200',
    product: 'NVIDIA GB200',
    peakFlops: 2500e12,
    memory: 189471 * MIB,
    memoryBandwidth: 8000e9,
    linkBandwidth: 900e9,
    domain: 72,
    host: 4,
    networkBandwidth: NDR,
    sm: { count: 152, capability: [10, 0], clock: 1.965e9, cache: 126 * MIB },
    source: nvidia('data-center/gb200-nvl72'),
  },
  {
    name: 'l4',
    product: 'NVIDIA L4',
    peakFlops: 121e12,
    memory: 23034 * MIB,
    memoryBandwidth: 300e9,
    linkBandwidth: PCIE_4,
    domain: 8,
    host: 8,
    networkBandwidth: SHARED,
    sm: { count: 58, capability: [8, 9], clock: 2.04e9, cache: 48 * MIB },
    source: nvidia('data-center/l4'),
  },
  {
    name: 'rtx4090',
    product: 'NVIDIA GeForce RTX 4090',
    peakFlops: 165.2e12,
    memory: 24564 * MIB,
    memoryBandwidth: 1008e9,
    linkBandwidth: PCIE_4,
    domain: 8,
    host: 8,
    networkBandwidth: SHARED,
    sm: { count: 128, capability: [8, 9], clock: 2.52e9, cache: 72 * MIB },
    source: nvidia('geforce/graphics-cards/40-series/rtx-4090'),
  },
  {
    name: 'rtx5090',
    product: 'NVIDIA GeForce RTX 5090',
    peakFlops: 209.5e12,
    memory: 32607 * MIB,
    memoryBandwidth: 1792e9,
    linkBandwidth: PCIE_5,
    domain: 8,
    host: 8,
    networkBandwidth: SHARED,
    sm: { count: 170, capability: [12, 0], clock: 2.407e9, cache: 96 * MIB },
    source: nvidia('geforce/graphics-cards/50-series/rtx-5090'),
  },
  {
    name: 'rtx6000pro',
    product: 'NVIDIA RTX PRO 6000 Blackwell Workstation Edition',
    peakFlops: 503.8e12,
    memory: 97887 * MIB,
    memoryBandwidth: 1792e9,
    linkBandwidth: PCIE_5,
    domain: 8,
    host: 8,
    networkBandwidth: SHARED,
    sm: { count: 188, capability: [12, 0], clock: 2.617e9, cache: 128 * MIB },
    source: nvidia('products/workstations/professional-desktop-gpus/rtx-pro-6000'),
  },
  {
    name: 'mi300x',
    product: 'AMD Instinct MI300X',
    peakFlops: 1307.4e12,
    memory: 196592 * MIB,
    memoryBandwidth: 5300e9,
    linkBandwidth: 448e9,
    domain: 8,
    host: 8,
    networkBandwidth: NDR,
    sm: null,
    source: 'https://www.amd.com/en/products/accelerators/instinct/mi300/mi300x.html',
  },
] as const satisfies readonly Card[]
