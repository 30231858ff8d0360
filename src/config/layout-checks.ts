import type { ModelConfig } from './model-keys.js'
import { parsePairs } from '../mesh/index.js'

type Known = Partial<ModelConfig>

/** Sizes of the axes of a mesh, by name. */
function axes(config: Known): Map<string, number> {
  return new Map(parsePairs(config.mesh_shape ?? '').map(([name, size]) => [name, Number(size)]))
}

/** Which dim is split over how many parts, for rules whose axis is there. */
function splits(config: Known): Map<string, { axis: string; parts: number }> {
  const mesh = axes(config)
  const rules = parsePairs(config.layout ?? '').filter(([, axis]) => mesh.has(axis))
  return new Map(rules.map(([dim, axis]) => [dim, { axis, parts: mesh.get(axis)! }]))
}

/** Parts that a dim is split into. */
export function partsOf(config: Known, dim: string): number {
  return splits(config).get(dim)?.parts ?? 1
}

/** Dims that tensors have, as GPT-Neo names them, and the keys that give sizes which have to divide. */
const dims: Readonly<Record<string, (config: Known) => { key: string; size: number | undefined }[]>> = {
  batch: (c) => [
    { key: 'train_batch_size', size: c.train_batch_size },
    { key: 'eval_batch_size', size: c.eval_batch_size },
  ],
  sequence: (c) => [{ key: 'n_ctx', size: c.n_ctx }],
  memory_length: (c) => [{ key: 'n_ctx', size: c.n_ctx }],
  embd: (c) => [{ key: 'n_embd', size: c.n_embd }],
  heads: (c) => [{ key: 'n_head', size: c.n_head }],
  features_per_head: () => [],
  intermediate_expanded: (c) => [{ key: 'n_embd', size: c.n_embd && 4 * c.n_embd }],
  vocab: () => [],
  embed_sequence: (c) => [{ key: 'n_ctx', size: c.n_ctx }],
  experts: (c) => [{ key: 'moe_params.moe_num_experts', size: c.moe_params?.moe_num_experts }],
  expert_hidden: (c) => [{ key: 'moe_params.moe_hidden_size', size: c.moe_params?.moe_hidden_size }],
  features_per_head_in: () => [],
  half_features_per_head: () => [],
  mem_kv_sequence: (c) => [{ key: 'num_mem_kv', size: c.num_mem_kv || undefined }],
  axial_dim_0: () => [],
  axial_dim_1: () => [],
  query_block_length: () => [],
  memory_block_length: () => [],
  outer_batch: () => [],
  group: () => [],
  expert_unsplit: () => [],
  batch_unsplit: () => [],
  expert_capacity: () => [],
  d_model_split: () => [],
}

/** Those that a layout is likely to mean. */
const usual = Object.keys(dims).slice(0, 8)

/** Rules that cannot be followed: a dim split twice, or into parts that are not equal. */
export function layoutProblems(config: Known): string[] {
  const mesh = axes(config)
  const problems: string[] = []
  const first = new Map<string, string>()
  for (const [dim, axis] of parsePairs(config.layout ?? '')) {
    if (!mesh.has(axis)) continue
    const before = first.get(dim)
    if (before !== undefined && before !== axis)
      problems.push(`layout: dim "${dim}" is split over "${before}" and over "${axis}"; it can be split over one axis`)
    first.set(dim, axis)
  }
  for (const [dim, { axis, parts }] of splits(config)) {
    for (const { key, size } of dims[dim]?.(config) ?? [])
      if (size !== undefined && size % parts !== 0)
        problems.push(
          `${key}: the layout splits ${dim}, ${size}, over axis "${axis}" of ${parts}, which does not divide it`,
        )
  }
  return problems
}

/** Rules and axes that do nothing. */
export function layoutNotes(config: Known): string[] {
  const mesh = axes(config)
  const rules = (['layout', 'parameter_layout'] as const).flatMap((key) =>
    parsePairs(config[key] ?? '').map(([dim, axis]) => ({ key, dim, axis })),
  )
  const notes: string[] = []
  const had = mesh.size === 0 ? 'which names none' : `which has ${[...mesh.keys()].join(', ')}`
  for (const { key, dim, axis } of rules) {
    if (!Object.hasOwn(dims, dim))
      notes.push(`${key}: "${dim}:${axis}" has no effect: no tensor has a dim "${dim}"; dims are ${usual.join(', ')}`)
    else if (!mesh.has(axis))
      notes.push(`${key}: "${dim}:${axis}" has no effect: axis "${axis}" is not in mesh_shape, ${had}`)
  }
  for (const [axis, parts] of mesh)
    if (parts > 1 && !rules.some((rule) => rule.axis === axis))
      notes.push(`mesh_shape: axis "${axis}" of ${parts} has no effect: no rule of the layout names it`)
  const vocab = partsOf(config, 'vocab')
  const { n_vocab } = config
  if (n_vocab !== undefined && n_vocab % vocab !== 0)
    notes.push(
      `n_vocab: ${n_vocab} entries are filled up to ${Math.ceil(n_vocab / vocab) * vocab}, ` +
        `so that ${vocab} devices have as many each`,
    )
  return notes
}
