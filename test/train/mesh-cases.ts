/** Layouts whose runs must give what one device gives, over every kind of model. */
const local = { attention_types: [[['local'], 2]], local_attention_radius: 8, n_ctx: 512, train_batch_size: 4 }
const linear = { attention_types: [[['linear'], 2]], n_ctx: 256, train_batch_size: 4 }
const experts = {
  moe_layers: [1],
  moe_params: {
    moe_num_experts: 4,
    moe_hidden_size: 48,
    moe_group_size: 32,
    moe_dropout_rate: 0,
    moe_second_policy_train: 'all',
  },
}
const megatron = 'batch:x,heads:y,vocab:y,intermediate_expanded:y'

export const meshCases: Readonly<Record<string, Record<string, unknown>>> = {
  'data parallel': { mesh_shape: 'x:8', layout: 'batch:x' },
  'data and tensor parallel': { mesh_shape: 'x:4,y:2', layout: megatron },
  "GPT-Neo's layout of the Pile configs": { mesh_shape: 'x:4,y:2', layout: 'batch:x,memory_length:y,embd:y' },
  'layout of the released models': {
    mesh_shape: 'x:4,y:2',
    layout: 'intermediate_expanded:x,heads:x,memory_length:y,embd:y',
  },
  'three axes': { mesh_shape: 'x:2,y:2,z:2', layout: 'batch:x,heads:y,vocab:z' },
  'sequence parallel': { mesh_shape: 'x:2,y:4', layout: 'batch:x,sequence:y' },
  'parameters split further': { mesh_shape: 'x:4,y:2', layout: megatron, parameter_layout: 'embd:x' },
  'parameters split, layers computed again': {
    mesh_shape: 'x:8',
    layout: 'batch:x',
    parameter_layout: 'embd:x',
    recompute_grad: true,
    rotary_emb: true,
  },
  'local attention, sequence split': { ...local, mesh_shape: 'x:2,y:4', layout: 'batch:x,sequence:y' },
  'local attention': { ...local, mesh_shape: 'x:4,y:2', layout: megatron },
  'linear attention': { ...linear, mesh_shape: 'x:4,y:2', layout: megatron },
  'linear attention, sequence split': { ...linear, mesh_shape: 'x:2,y:4', layout: 'batch:x,sequence:y' },
  'local attention that reaches over several devices': {
    ...local,
    n_ctx: 256,
    local_attention_radius: 75,
    mesh_shape: 'y:8',
    layout: 'sequence:y',
  },
  'every attention, with several blocks to a part of the sequence': {
    attention_types: [[['global', 'local', 'linear'], 1]],
    n_layer: 3,
    n_ctx: 1280,
    local_attention_radius: 150,
    train_batch_size: 4,
    mesh_shape: 'x:4,y:2',
    layout: 'batch:x,sequence:y',
  },
  'experts over the axis of the batch': {
    ...experts,
    mesh_shape: 'x:4,y:2',
    layout: 'batch:x,experts:x,expert_hidden:y,heads:y',
  },
  'experts over their own axis': { ...experts, mesh_shape: 'x:2,y:4', layout: 'batch:x,experts:y' },
  'grouped heads with sinks, gates and norms': {
    attention_types: [[['global', 'local'], 1]],
    n_layer: 2,
    local_attention_radius: 12,
    n_head: 4,
    n_kv_head: 2,
    qk_norm: true,
    attention_sinks: true,
    attn_output_gate: true,
    pos_emb: 'alibi',
    norm: 'rmsnorm',
    tie_word_embeddings: false,
    mesh_shape: 'x:2,y:2,z:2',
    layout: 'batch:x,heads:y,vocab:y,intermediate_expanded:y,sequence:z',
  },
  'differential, latent and forgetting attention': {
    attention_types: [[['differential', 'latent', 'forgetting'], 1]],
    n_layer: 3,
    n_head: 4,
    q_lora_rank: 5,
    rotary_emb: true,
    mesh_shape: 'x:2,y:2,z:2',
    layout: 'batch:x,heads:y,vocab:y,intermediate_expanded:y,sequence:z',
  },
  microbatches: { mesh_shape: 'x:2,y:4', layout: megatron, tokens_per_mb_per_replica: 64 },
  'a vocabulary filled up': { n_vocab: 97, mesh_shape: 'x:2,y:4', layout: 'batch:x,vocab:y', no_weight_tie: true },
  'adafactor and a vocabulary filled up': {
    n_vocab: 97,
    mesh_shape: 'x:2,y:4',
    layout: megatron,
    opt_name: 'adafactor',
  },
  dropout: { mesh_shape: 'x:4,y:2', layout: megatron, res_dropout: 0.1, embed_dropout: 0.1, attn_dropout: 0.1 },
}
