/** Names that other libraries use for GPT-Neo's keys. */
const foreignKeys: Readonly<Record<string, string>> = {
  hidden_size: 'n_embd',
  d_model: 'n_embd',
  embed_dim: 'n_embd',
  hidden_dim: 'n_embd',
  dim: 'n_embd',
  num_layers: 'n_layer',
  num_hidden_layers: 'n_layer',
  depth: 'n_layer',
  layers: 'n_layer',
  num_heads: 'n_head',
  num_attention_heads: 'n_head',
  heads: 'n_head',
  vocab_size: 'n_vocab',
  max_position_embeddings: 'n_ctx',
  n_positions: 'n_ctx',
  block_size: 'n_ctx',
  context_length: 'n_ctx',
  seq_len: 'n_ctx',
  sequence_length: 'n_ctx',
  max_seq_len: 'n_ctx',
  attention_layers: 'attention_types',
  window_size: 'local_attention_radius',
  learning_rate: 'lr',
  batch_size: 'train_batch_size',
  optimizer: 'opt_name',
  warmup: 'warmup_steps',
  dropout: 'res_dropout',
  attention_dropout: 'attn_dropout',
  resid_dropout: 'res_dropout',
  resid_pdrop: 'res_dropout',
  attn_pdrop: 'attn_dropout',
  embd_pdrop: 'embed_dropout',
  grad_clip: 'gradient_clipping',
  clip_grad: 'gradient_clipping',
  max_grad_norm: 'gradient_clipping',
  gradient_checkpointing: 'recompute_grad',
  gradient_accumulation_steps: 'tokens_per_mb_per_replica',
  dtype: 'precision',
  eos_token_id: 'eos_id',
  pad_token_id: 'padding_id',
  dataset: 'datasets',
  random_seed: 'seed',
  rotary: 'rotary_emb',
  adam_beta1: 'beta1',
  adam_beta2: 'beta2',
  adam_epsilon: 'epsilon',
  mesh: 'mesh_shape',
  num_experts: 'moe_num_experts',
}
/** Names that other libraries use for GPT-Neo's values. */
const foreignValues: Readonly<Record<string, string>> = {
  gelu_new: 'gelu',
  gelu_fast: 'gelu',
  swish: 'silu',
  linear: 'id',
  identity: 'id',
  leaky_relu: 'lrelu001',
  constant: 'none',
  float16: 'bfloat16',
  bf16: 'bfloat16',
  fp32: 'float32',
  f32: 'float32',
  top2: 'top_2',
  ntlb: 'switch',
}

/** `; did you mean "n_embd"?` with the most similar known key; empty if none is similar. */
export function suggestKey(key: string, known: readonly string[]): string {
  const lower = key.toLowerCase()
  const near = nearest(lower, known) ?? otherName(lower, foreignKeys, known)
  return suggestion(near ?? otherName(nearest(lower, Object.keys(foreignKeys)) ?? '', foreignKeys, known))
}

/** The same for one of the values that a key may have. */
export function suggestValue(value: unknown, known: readonly string[]): string {
  if (typeof value !== 'string') return ''
  const lower = value.toLowerCase()
  return suggestion(otherName(lower, foreignValues, known) ?? nearest(lower, known))
}

function otherName(name: string, names: Readonly<Record<string, string>>, known: readonly string[]): string | null {
  return Object.hasOwn(names, name) && known.includes(names[name]) ? names[name] : null
}

function suggestion(name: string | null): string {
  return name === null ? '' : `; did you mean "${name}"?`
}

/** Longer names are not typing errors, and comparing them takes quadratic time. */
const longestName = 60

function nearest(name: string, known: readonly string[]): string | null {
  if (name.length > longestName) return null
  const ranked = known.map((each) => ({ each, distance: editDistance(name, each.toLowerCase()) }))
  const best = ranked.reduce((a, b) => (b.distance < a.distance ? b : a), { each: '', distance: Infinity })
  return best.distance <= Math.min(3, Math.max(1, Math.floor(name.length / 3))) ? best.each : null
}

/** Edit distance with transpositions (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let previous: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? previous[j - 2] + 1 : Infinity
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1]), swap))
    }
    previous = row
    row = next
  }
  return row[b.length]
}
