import type { GpuCluster } from './cluster.js'

/** What the CUDA plugin compiles for: a topology, and a description of its cards. */
export interface GpuTarget {
  /** Partitions, hosts and cards per host: `1x8x8`. */
  readonly topology: string
  /** XLA's GpuTargetConfigProto in text form. */
  readonly config: string
}

/**
 * The target of a cluster; null for cards that XLA cannot compile for without one. Fields: XLA's gpu_target_config of
 * xla/stream_executor/device_description.proto, as the plugin's version knows them; limits of a compute capability from the
 * CUDA C++ programming guide, "Technical specifications per compute capability".
 */
export function targetOf({ card, cards, hosts }: GpuCluster): GpuTarget | null {
  const { sm } = card
  if (!sm) return null
  const [major, minor] = sm.capability
  const small = minor === 9 || major === 12
  const [shared, threads] = small ? [100 * 1024, 1536] : [(major === 8 ? 164 : 228) * 1024, 2048]
  const fields: [string, number][] = [
    ['threads_per_block_limit', 1024],
    ['threads_per_warp', 32],
    ['shared_memory_per_block', 48 * 1024],
    ['shared_memory_per_core', shared],
    ['threads_per_core_limit', threads],
    ['core_count', sm.count],
    ['fpus_per_core', major === 8 && minor === 0 ? 64 : 128],
    ['block_dim_limit_x', 2 ** 31 - 1],
    ['block_dim_limit_y', 65535],
    ['block_dim_limit_z', 65535],
    ['memory_bandwidth', card.memoryBandwidth],
    ['l2_cache_size', sm.cache],
    ['clock_rate_ghz', sm.clock / 1e9],
    ['device_memory_size', card.memory],
    ['shared_memory_per_block_optin', shared - 1024],
    ['registers_per_core_limit', 65536],
    ['registers_per_block_limit', 65536],
  ]
  const config = [
    'gpu_device_info {',
    ...fields.map(([name, value]) => `  ${name}: ${value}`),
    `  cuda_compute_capability { major: ${major} minor: ${minor} }`,
    '}',
    'platform_name: "CUDA"',
    'dnn_version_info { major: 9 minor: 10 patch: 4 }',
    `device_description_str: "${card.product}"`,
    '',
  ].join('\n')
  return { topology: `1x${hosts}x${cards / hosts}`, config }
}
