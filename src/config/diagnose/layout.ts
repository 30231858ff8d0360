import { attentionKind } from '../../attention/index.js'
import type { ModelConfig } from '../keys/model-keys.js'
import { parsePairs, refuseIndivisible, refuseTwoAxes } from '../../mesh/index.js'

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

/** A size that a dim has, the key that gives it, and a tensor with that dim. */
interface Sized {
  readonly key: string
  readonly size: number | undefined
  readonly tensor: string
}

const stream = 'the stream [batch, sequence, embd]'
const firstKernel = 'gpt2/h0/mlp/conv1d_main/c_fc/kernel [embd, intermediate_expanded]'
const sized = (key: string, size: number | undefined, tensor: string): Sized => ({ key, size, tensor })

/** Pairs of heads, which are what differential attention splits. */
function pairsOf({ n_head, n_kv_head, attention_types = [] }: Known): Sized[] {
  const has = attention_types.some(([kinds, repeat]) => repeat > 0 && kinds.includes('differential'))
  const half = (heads: number | undefined) => heads && heads / 2
  if (!has) return []
  return [
    sized('n_head / 2', half(n_head), 'gpt2/h0/attn/q [embd, pair, heads, features_per_head]'),
    sized('n_kv_head / 2', half(n_kv_head), 'gpt2/h0/attn/k [embd, pair, heads, features_per_head]'),
  ]
}

/** Dims that tensors have, as GPT-Neo names them, with what has to divide. */
export const layoutDims: Readonly<Record<string, (config: Known) => Sized[]>> = {
  batch: (c) => [
    sized('train_batch_size', c.train_batch_size, stream),
    sized('eval_batch_size', c.eval_batch_size, stream),
  ],
  sequence: (c) => [sized('n_ctx', c.n_ctx, stream)],
  memory_length: (c) => [sized('n_ctx', c.n_ctx, 'keys [batch, memory_length, heads, features_per_head]')],
  embd: (c) => [sized('n_embd', c.n_embd, 'gpt2/wte [vocab, embd]')],
  heads: (c) => [
    sized('n_head', c.n_head, 'gpt2/h0/attn/q [embd, heads, features_per_head]'),
    ...pairsOf(c),
    sized('n_kv_head', c.n_kv_head, 'gpt2/h0/attn/k [embd, heads, features_per_head]'),
  ],
  features_per_head: () => [],
  intermediate_expanded: (c) => [
    c.n_inner === undefined
      ? sized('n_embd', c.n_embd && 4 * c.n_embd, firstKernel)
      : sized('n_inner', c.n_inner || undefined, firstKernel),
  ],
  vocab: () => [],
  embed_sequence: (c) => [sized('n_ctx', c.n_ctx, 'gpt2/wpe [embed_sequence, embd]')],
  experts: (c) => [
    sized('moe_params.moe_num_experts', c.moe_params?.moe_num_experts, 'wi/kernel [experts, embd, expert_hidden]'),
  ],
  expert_hidden: (c) => [
    sized('moe_params.moe_hidden_size', c.moe_params?.moe_hidden_size, 'wi/kernel [experts, embd, expert_hidden]'),
  ],
  features_per_head_in: () => [],
  half_features_per_head: () => [],
  query_group: () => [],
  pair: () => [],
  latent: () => [],
  query_latent: () => [],
  mem_kv_sequence: (c) => [
    sized('num_mem_kv', c.num_mem_kv || undefined, 'mem_k [mem_kv_sequence, heads, features_per_head]'),
  ],
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
  layers: () => [],
}

/** Those that a layout is likely to mean. */
const usual = Object.keys(layoutDims).slice(0, 8)

/** Rules that cannot be followed: a dim split twice, or into parts that are not equal. */
export function layoutProblems(config: Known): string[] {
  const mesh = axes(config)
  const problems: string[] = []
  const first = new Map<string, string>()
  for (const [dim, axis] of parsePairs(config.layout ?? '')) {
    if (!mesh.has(axis)) continue
    const before = first.get(dim)
    if (before !== undefined && before !== axis) problems.push(refuseTwoAxes('layout', dim, before, axis))
    first.set(dim, axis)
  }
  for (const [dim, { axis, parts }] of splits(config)) {
    for (const { key, size, tensor } of layoutDims[dim]?.(config) ?? [])
      if (size !== undefined && size % parts !== 0)
        problems.push(refuseIndivisible(key, { name: dim, size }, axis, parts, tensor))
  }
  return [...problems, ...originalProblems(config)]
}

/** Whether the original can split the sequence as the layout does, under every kind of attention that there is. */
function attentionSplits(config: Known): boolean {
  const { n_ctx, attention_types = [], local_attention_radius } = config
  if (n_ctx === undefined || local_attention_radius === undefined) return true
  const kinds = new Set(attention_types.flatMap(([names, repeat]) => (repeat > 0 ? names : [])))
  const read = { ...config, n_ctx, local_attention_radius } as ModelConfig
  return [...kinds].every(
    (kind) => kind === 'none' || (attentionKind(kind).originalSplits?.(read, partsOf(config, 'sequence')) ?? true),
  )
}

/** Splits that are possible here and crash in the original, for those who ask for its ways. */
function originalProblems(config: Known): string[] {
  if (config.compat !== 'gpt-neo') return []
  const split = splits(config)
  const rotary = config.rotary_emb !== undefined
  const uneven = config.n_vocab !== undefined && config.n_vocab % partsOf(config, 'vocab') !== 0
  const crashes: [dim: string, is: boolean, why: string][] = [
    ['vocab', uneven, `it does not fill up n_vocab ${config.n_vocab}`],
    ['embed_sequence', true, 'it compares ids of two types (one_hot of wpe)'],
    ['axial_dim', config.axial_pos_emb !== undefined, 'it compares ids of two types (one_hot of axial_wpe)'],
    ['sequence', !attentionSplits(config), 'the blocks of its local attention are not divided by the axis'],
    ['features_per_head', rotary, 'rotary positions slice it'],
    ['half_features_per_head', rotary, 'rotary positions join it'],
  ]
  return crashes.flatMap(([dim, is, why]) =>
    is && split.has(dim)
      ? [`layout: the original cannot split ${dim}: ${why}; leave out "${dim}:${split.get(dim)!.axis}"`]
      : [],
  )
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
    if (!Object.hasOwn(layoutDims, dim))
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
