import type { ModelConfig } from '../config/index.js'

/** The config keys that a search may choose. */
export type Choice = Pick<
  ModelConfig,
  'mesh_shape' | 'layout' | 'parameter_layout' | 'remat_policy' | 'tokens_per_mb_per_replica'
>

/**
 * Meshes of one or two axes over N devices: the batch is split over x; heads, feed-forward and vocabulary over y, where it
 * divides them; experts over x, or not; and stored parameters over x, or not. Not all of them are legal.
 */
export function choicesOf(config: ModelConfig, devices: number): Choice[] {
  return divisors(devices).flatMap((y) => {
    const x = devices / y
    if (config.train_batch_size % x !== 0) return []
    const mesh = [['x', x] as const, ['y', y] as const].filter(([, size]) => size > 1)
    const mesh_shape = mesh.map((pair) => pair.join(':')).join(',')
    return layoutsOf(config, x, y).flatMap((layout) =>
      (x > 1 ? ['', 'embd:x'] : ['']).flatMap((parameter_layout) =>
        (['products', 'nothing'] as const).map((remat_policy) => ({
          mesh_shape,
          layout,
          parameter_layout,
          remat_policy,
        })),
      ),
    )
  }) as Choice[]
}

function layoutsOf(config: ModelConfig, x: number, y: number): string[] {
  const batch = x > 1 ? ['batch:x'] : []
  if (y > 1 && (config.n_head % y !== 0 || (config.n_kv_head ?? y) % y !== 0)) return []
  const model = y > 1 ? ['heads:y', 'intermediate_expanded:y', 'vocab:y'] : []
  const hidden = y > 1 && config.moe_layers.length > 0 ? ['expert_hidden:y'] : []
  const plain = [...batch, ...model, ...hidden]
  const experts = x > 1 && config.moe_layers.length > 0 ? [[...plain, 'experts:x']] : []
  return [plain, ...experts].map((rules) => rules.join(','))
}

/** A choice with microbatches: none, then of half the size, and so on to one sequence on each device. */
export function* withMicrobatches(config: ModelConfig, choice: Choice): Generator<{ parts: number; cut: Choice }> {
  const replicas = Number(/\bx:(\d+)/.exec(choice.mesh_shape)?.[1] ?? 1)
  const sequences = config.train_batch_size / replicas
  for (const parts of divisors(sequences))
    yield { parts, cut: { ...choice, tokens_per_mb_per_replica: (config.n_ctx * sequences) / parts } }
}

function divisors(of: number): number[] {
  return Array.from({ length: of }, (_, i) => i + 1).filter((n) => of % n === 0)
}
