/** Kinds of models that decode, by name: changes of a config. */

const kinds = (...names: string[]) => ({ attention_types: [[names, 1]], n_layer: names.length })
const experts = {
  moe_num_experts: 3,
  moe_hidden_size: 16,
  moe_group_size: 40,
  moe_capacity_factor_eval: 9,
  moe_second_policy_eval: 'all',
}

export const CASES: Record<string, Record<string, unknown>> = {
  global: kinds('global', 'global'),
  'local, past its radius': { ...kinds('local', 'local'), local_attention_radius: 5 },
  'local, a radius above the length': { ...kinds('local'), local_attention_radius: 50 },
  linear: kinds('linear', 'linear'),
  'all kinds': { ...kinds('global', 'local', 'linear', 'none'), local_attention_radius: 4 },
  delta: { ...kinds('delta', 'global'), negative_eigenvalues: true },
  'gated delta, other sizes': {
    ...kinds('gated_delta', 'local'),
    state_key_size: 5,
    state_value_size: 7,
    short_conv_width: 3,
  },
  'none under compat': { ...kinds('none', 'global'), compat: 'gpt-neo' },
  'rotary, all kinds': { ...kinds('global', 'local', 'linear'), local_attention_radius: 4, rotary_emb: true },
  axial: { axial_pos_emb: [4, 6] },
  'axial, too small': { axial_pos_emb: [3, 4] },
  'memory key-values': { num_mem_kv: 3 },
  'memory key-values with rotary and local layers': {
    ...kinds('global', 'local'),
    local_attention_radius: 5,
    num_mem_kv: 3,
    rotary_emb: true,
  },
  'macaron and scale norm': { macaron: true, scalenorm: true },
  'rezero, gated, untied': { rezero: true, mlp_glu: true, no_weight_tie: true, activation_fn: 'relu' },
  'a modern block': {
    ...kinds('global', 'local', 'linear'),
    local_attention_radius: 5,
    norm: 'rmsnorm',
    norm_epsilon: 1e-6,
    mlp_glu: true,
    activation_fn: 'silu',
    n_inner: 20,
    head_dim: 10,
    bias: false,
    rotary_emb: true,
    rope_theta: 300,
    rotary_pct: 0.6,
    tie_word_embeddings: false,
  },
  'no feed-forward, no positions': { ...kinds('global', 'linear'), n_inner: 0, pos_emb: 'none' },
  'shared parameters': { ...kinds('global', 'linear'), share_parameters: true },
  'a mixture of experts, top-2': { moe_layers: [1], moe_params: experts },
  'a mixture of experts, rand-1, in a macaron': {
    moe_layers: [0, 1],
    moe_params: { ...experts, moe_gating: 'rand_1' },
    macaron: true,
  },
  'a mixture of experts, switch': {
    moe_layers: [0],
    moe_params: { ...experts, moe_gating: 'switch', moe_switch_top_k: 2 },
  },
}
