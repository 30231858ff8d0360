/** A value for every key, other than its default, that the tests of keys and of their effects share. */
import type { MixtureConfig, ModelConfig } from '../../../src/config/index.js'

export interface Case {
  /** As it is written. */
  readonly value: unknown
  /** What the config has then. @default value */
  readonly lands?: unknown
  /** Keys that go with it. */
  readonly with?: Record<string, unknown>
  /** The note that it has no effect under the base config. */
  readonly note?: string
}

/** A missing row does not compile. */
export const cases: { readonly [Key in keyof Required<ModelConfig>]: Case } = {
  model: { value: 'GPT' },
  n_vocab: { value: '128', lands: 128 },
  n_ctx: { value: 64 },
  n_embd: { value: 64 },
  n_head: { value: 8 },
  head_dim: { value: 16 },
  n_layer: { value: 3, with: { attention_types: [[['global', 'local', 'none'], 1]] } },
  attention_types: { value: [[['local', 'linear'], '1']], lands: [[['local', 'linear'], 1]] },
  local_attention_radius: { value: 16 },
  num_mem_kv: { value: 4 },
  rotary_emb: { value: true },
  rope_theta: { value: 500, note: 'rope_theta has no effect: rotary_emb is off' },
  rotary_pct: { value: 0.5, note: 'rotary_pct has no effect: rotary_emb is off' },
  pos_emb: { value: 'none' },
  axial_pos_emb: { value: [4, 8] },
  n_inner: { value: 0 },
  activation_fn: { value: 'relu' },
  mlp_glu: { value: true },
  norm: { value: 'rmsnorm' },
  norm_epsilon: { value: '1e-6', lands: 1e-6 },
  bias: { value: false },
  scalenorm: { value: true },
  rezero: { value: true },
  macaron: { value: true },
  share_parameters: { value: true },
  no_weight_tie: { value: true },
  tie_word_embeddings: { value: false },
  scale_by_depth: { value: true },
  scale_by_in: { value: true },
  embed_dropout: { value: 0.1 },
  attn_dropout: { value: 0.1 },
  res_dropout: { value: '0.1', lands: 0.1 },
  moe_layers: { value: [1], with: { moe_params: {} } },
  moe_params: {
    value: { moe_num_experts: 4 },
    lands: undefined,
    note: 'moe_params has no effect: moe_layers is empty',
  },
  moe_activation: { value: 'gelu', note: 'moe_activation has no effect: moe_layers is empty' },
  z_loss: { value: 0 },
  entmax_loss: { value: true },
  eos_id: {
    value: 1,
    note: 'eos_id has no effect: training does not use it; it ends samples if the data set has no end-of-text token',
  },
  padding_id: {
    value: 2,
    note: 'padding_id has no effect: the data set determines it, and without mlm_training no label is ignored',
  },
  mlm_training: { value: true },
  mlm_mask_id: { value: 3, note: 'mlm_mask_id has no effect: mlm_training is off' },
  mlm_cls_token_id: { value: 4, note: 'mlm_cls_token_id has no effect: mlm_training is off' },
  mlm_mask_prob: { value: 0.2, note: 'mlm_mask_prob has no effect: mlm_training is off' },
  mlm_same_token_prob: { value: 0.2, note: 'mlm_same_token_prob has no effect: mlm_training is off' },
  mlm_random_token_prob: { value: 0.2, note: 'mlm_random_token_prob has no effect: mlm_training is off' },
  mlm_mask_ignore_ids: { value: [5], note: 'mlm_mask_ignore_ids has no effect: mlm_training is off' },
  opt_name: { value: 'AdamW', lands: 'adamw' },
  lr: { value: '3e-4', lands: 3e-4 },
  lr_decay: { value: 'linear' },
  lr_decay_end: { value: 10 },
  warmup_steps: { value: 5 },
  beta1: { value: 0.8 },
  beta2: { value: 0.99 },
  epsilon: { value: '1e-6', lands: 1e-6 },
  weight_decay: { value: 0.1 },
  ada_epsilon1: {
    value: '1e-30',
    lands: 1e-30,
    note: 'ada_epsilon1 has no effect: only adafactor uses it, and opt_name is adam',
  },
  ada_epsilon2: { value: 0.01, note: 'ada_epsilon2 has no effect: only adafactor uses it, and opt_name is adam' },
  gradient_clipping: { value: 0.5 },
  train_steps: { value: 40 },
  train_batch_size: { value: 8 },
  tokens_per_mb_per_replica: { value: 64 },
  recompute_grad: { value: true },
  remat_policy: { value: 'products' },
  precision: { value: 'bfloat16' },
  seed: { value: 7 },
  steps_per_checkpoint: { value: 10 },
  iterations: {
    value: 500,
    note: 'iterations has no effect: steps are dispatched one by one, ahead of their results',
  },
  log_grads: {
    value: true,
    note: 'log_grads has no effect: metrics.jsonl has the global gradient norm of every step',
  },
  freeze: { value: ['gpt2/wte'] },
  lora_rank: { value: 2 },
  lora_alpha: { value: 8, note: 'lora_alpha has no effect: lora_rank is 0' },
  lora_dropout: { value: 0.1, note: 'lora_dropout has no effect: lora_rank is 0' },
  lora_targets: { value: ['/attn/o$'], note: 'lora_targets has no effect: lora_rank is 0' },
  eval_batch_size: { value: 2 },
  eval_steps: { value: 3 },
  eval_tasks: { value: ['lambada=lambada_test.jsonl'] },
  predict_steps: { value: 1, note: 'predict_steps has no effect: neomesh sample has options instead' },
  predict_batch_size: { value: 1, note: 'predict_batch_size has no effect: neomesh sample has options instead' },
  predict_max_steps: { value: 9, note: 'predict_max_steps has no effect: neomesh sample has options instead' },
  remove_partial_sequences: {
    value: true,
    note: 'remove_partial_sequences has no effect: neomesh sample always prints the prompt',
  },
  mesh_shape: {
    value: 'x:2; y:1',
    lands: 'x:2,y:1',
    note: 'mesh_shape: axis "x" of 2 has no effect: no rule of the layout names it',
  },
  layout: {
    value: 'batch:x',
    note: 'layout: "batch:x" has no effect: axis "x" is not in mesh_shape, which names none',
  },
  parameter_layout: {
    value: 'embd:x',
    note: 'parameter_layout: "embd:x" has no effect: axis "x" is not in mesh_shape, which names none',
  },
  datasets: { value: ['pile', ['books', null, null, null]] },
  model_path: { value: 'runs/a', note: 'model_path has no effect: neomesh train --run names the folder' },
  no_dataset: { value: true, note: 'no_dataset has no effect: data is opened when it is needed' },
  input_fn: {
    value: 'generic_text',
    note: 'input_fn has no effect: every sample is read once per epoch, in an order derived from the seed',
  },
  shuffle_input_filenames: {
    value: true,
    note: 'shuffle_input_filenames has no effect: the samples of all files are shuffled together',
  },
  compat: { value: 'gpt-neo' },
}

/** Keys of moe_params: a value, and the others that it needs to have an effect. */
export const mixtureCases: { readonly [Key in keyof MixtureConfig]: Case } = {
  moe_num_experts: { value: 8 },
  moe_loss_coef: { value: '0.02', lands: 0.02 },
  moe_gating: { value: 'rand_1' },
  moe_capacity_factor_train: { value: 1.5 },
  moe_capacity_factor_eval: { value: 3 },
  moe_capacity_factor_second_level: {
    value: 2,
    note: 'moe_params.moe_capacity_factor_second_level has no effect: there is one level of experts',
  },
  moe_min_expert_capacity: { value: 4 },
  moe_hidden_size: { value: 64 },
  moe_group_size: { value: 32 },
  moe_dropout_rate: { value: 0.1 },
  moe_use_second_place_loss: { value: 1, lands: true },
  moe_second_policy_train: { value: 'all' },
  moe_second_policy_eval: { value: 'none' },
  moe_second_threshold_train: { value: 0.3 },
  moe_second_threshold_eval: { value: 0.4 },
  moe_rand_1_policy_train: { value: 'sample', with: { moe_gating: 'rand_1' } },
  moe_rand_1_policy_eval: { value: 'argmax', with: { moe_gating: 'rand_1' } },
  moe_rand_1_dropout: { value: 0.2, with: { moe_gating: 'rand_1', moe_rand_1_policy_train: 'input_dropout' } },
  moe_rand_1_temperature: { value: 0.5, with: { moe_gating: 'rand_1', moe_rand_1_policy_train: 'sample' } },
  moe_rand_1_jitter: { value: 0.02, with: { moe_gating: 'rand_1' } },
  moe_switch_top_k: { value: 2, with: { moe_gating: 'switch' } },
  moe_use_experts_attention: { value: false },
}
