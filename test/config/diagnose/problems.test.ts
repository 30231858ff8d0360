/** Invalid configs, and their diagnostics. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activationNames, inspectModelConfig, parseModelConfig } from '../../../src/config/index.js'
import { attentionKindNames } from '../../../src/config/keys/attention-kinds.js'
import { base, inspect } from '../base.js'

const moe = (moe_params: unknown) => ({ moe_layers: [1], moe_params })

/** Changes of the base config; one problem per mistake. */
const cases: [changes: Record<string, unknown>, ...problems: string[]][] = [
  // Missing and unknown keys
  [{ n_vocab: undefined }, 'n_vocab: is missing: vocabulary size; an integer >= 1'],
  [{ n_embd: null }, 'n_embd: is missing: embedding dimension: width of the residual stream; an integer >= 1'],
  [{ n_head: undefined }, 'n_head: is missing: number of attention heads; must divide n_embd; an integer >= 1'],
  [{ n_heads: 4 }, 'n_heads: no such key; did you mean "n_head"?'],
  [{ n_cxt: 4 }, 'n_cxt: no such key; did you mean "n_ctx"?'],
  [{ N_Ctx: 4 }, 'N_Ctx: no such key; did you mean "n_ctx"?'],
  [{ hidden_size: 32 }, 'hidden_size: no such key; did you mean "n_embd"?'],
  [{ learning_rate: 0.1 }, 'learning_rate: no such key; did you mean "lr"?'],
  [{ lr_deacy: 'cosine' }, 'lr_deacy: no such key; did you mean "lr_decay"?'],
  [{ max_grad_norm: 1 }, 'max_grad_norm: no such key; did you mean "gradient_clipping"?'],
  [{ colour: 'red' }, 'colour: no such key'],
  [{ moe_num_experts: 4 }, 'moe_num_experts: no such key; it belongs in moe_params'],
  // Values of the wrong kind
  [{ n_embd: 'wide' }, 'n_embd: must be an integer >= 1 (got "wide")'],
  [{ n_embd: 32.5 }, 'n_embd: must be an integer >= 1 (got 32.5)'],
  [{ n_layer: 0 }, 'n_layer: must be an integer from 1 to 10000 (got 0)'],
  [{ n_layer: 1e9 }, 'n_layer: must be an integer from 1 to 10000 (got 1000000000)'],
  [{ n_ctx: [32] }, 'n_ctx: must be an integer >= 1 (got [32])'],
  [{ n_vocab: '' }, 'n_vocab: must be an integer >= 1 (got "")'],
  [{ lr: '1e-3O' }, 'lr: must be a number > 0 (got "1e-3O")'],
  [{ lr: 0 }, 'lr: must be a number > 0 (got 0)'],
  [{ lr: -0.001 }, 'lr: must be a number > 0 (got -0.001)'],
  [{ beta1: 1 }, 'beta1: must be a number >= 0 and < 1 (got 1)'],
  [{ beta2: 95 }, 'beta2: must be a number >= 0 and < 1 (got 95)'],
  [{ epsilon: 0 }, 'epsilon: must be a number > 0 (got 0)'],
  [{ weight_decay: -0.1 }, 'weight_decay: must be a number >= 0 (got -0.1)'],
  [{ gradient_clipping: 0 }, 'gradient_clipping: must be a number > 0 (got 0)'],
  [{ res_dropout: 1 }, 'res_dropout: must be a number >= 0 and < 1 (got 1)'],
  [{ res_dropout: '10%' }, 'res_dropout: must be a number >= 0 and < 1 (got "10%")'],
  [{ warmup_steps: -1 }, 'warmup_steps: must be an integer >= 0 (got -1)'],
  [{ train_steps: 1.5 }, 'train_steps: must be an integer >= 1 (got 1.5)'],
  [{ seed: -3 }, 'seed: must be an integer >= 0 (got -3)'],
  [{ z_loss: 'off' }, 'z_loss: must be a number >= 0 (got "off")'],
  [{ scale_by_depth: 'false' }, 'scale_by_depth: must be true or false (got "false"). Write false without quotes'],
  [{ recompute_grad: 1 }, 'recompute_grad: must be true or false (got 1)'],
  [{ eos_id: -1 }, 'eos_id: must be a token id: an integer >= 0 (got -1)'],
  [{ mlm_mask_ignore_ids: 5 }, 'mlm_mask_ignore_ids: must be a list of token ids (got 5)'],
  [{ model_path: 5 }, 'model_path: must be a string (got 5)'],
  // Names
  [{ model: 'GPT3' }, 'model: must be one of GPT (got "GPT3"); did you mean "GPT"?'],
  [{ activation_fn: 'gleu' }, 'activation_fn: must be the name of an activation (got "gleu"); did you mean "gelu"?'],
  [{ activation_fn: 'swish' }, 'activation_fn: must be the name of an activation (got "swish"); did you mean "silu"?'],
  [
    { activation_function: 'gelu_new' },
    'activation_fn: must be the name of an activation (got "gelu_new"); did you mean "gelu"?',
  ],
  [
    { activation_fn: 'something' },
    `activation_fn: must be the name of an activation (got "something"). Known: ${activationNames.join(', ')}`,
  ],
  [{ opt_name: 'sgd' }, 'opt_name: must be one of adam, adamw, adafactor, lion, muon (got "sgd")'],
  [
    { opt_name: 'adamax' },
    'opt_name: must be one of adam, adamw, adafactor, lion, muon (got "adamax"); did you mean "adam"?',
  ],
  [{ lr_decay: 'cosin' }, 'lr_decay: must be one of cosine, linear, none (got "cosin"); did you mean "cosine"?'],
  [{ lr_decay: 'constant' }, 'lr_decay: must be one of cosine, linear, none (got "constant"); did you mean "none"?'],
  [{ precision: 'float16' }, 'precision: must be one of float32, bfloat16 (got "float16"); did you mean "bfloat16"?'],
  [{ compat: 'gptneo' }, 'compat: must be one of fixed, gpt-neo (got "gptneo"); did you mean "gpt-neo"?'],
  [
    { eval_tasks: [5] },
    'eval_tasks: must be a list of tasks, such as lambada=lambada_test.jsonl and demo-words (got [5])',
  ],
  // attention_types
  [
    { attention_types: 'global' },
    'attention_types: must be a list of [kinds, repeat], such as [[["global", "local"], 6]] for 12 layers (got "global")',
  ],
  [
    { attention_types: ['global'] },
    'attention_types: must be a list of [kinds, repeat] (got kinds without repeat, ["global"]). Write [[["global"], 1]]',
  ],
  [
    { attention_types: [['global', 'local'], 1] },
    'attention_types: must be a list of [kinds, repeat] (got a single group, [["global","local"],1]). Write [[["global","local"],1]]',
  ],
  [
    { attention_types: [['local'], 1, ['global'], 1] },
    'attention_types: must be a list of [kinds, repeat] (got a flat list, [["local"],1,["global"],1]). ' +
      'Write [[["local"],1],[["global"],1]]',
  ],
  [
    { attention_types: [['global', 2]] },
    'attention_types: group 1 must have a list of kinds (got ["global",2]). Write [["global"], 2]',
  ],
  [
    {
      attention_types: [
        [['global'], 1],
        [['sparse'], 1],
      ],
    },
    `attention_types: group 2: kind must be one of ${attentionKindNames.join(', ')} (got "sparse")`,
  ],
  [
    { attention_types: [[['global', 'local'], 1.5]] },
    'attention_types: group 1: repeat must be an integer >= 0 (got 1.5)',
  ],
  [
    { attention_types: [[['global', 'local'], 2]] },
    'attention_types: must list n_layer layers, 2 (got 4). Write [[["global","local"],1]]',
  ],
  [
    {
      attention_types: [
        [['global'], 1],
        [['none'], 0],
      ],
    },
    'attention_types: must list n_layer layers, 2 (got 1)',
  ],
  // Numbers too large to allocate
  [
    { attention_types: [[['global'], 3e8]] },
    'attention_types: must list n_layer layers, 2 (got 300000000). Write [[["global"],2]]',
  ],
  [
    { attention_types: [[['global', 'local'], 5e9]], compat: 'gpt-neo' },
    'attention_types: must list n_layer layers, 2 (got 10000000000). Write [[["global","local"],1]]',
  ],
  [
    { mesh_shape: 'x:1000000000000', layout: 'batch:x' },
    'mesh_shape: it must ask for at most 65536 devices (got 1000000000000)',
  ],
  [{ mesh_shape: 'x:60000,y:60000' }, 'mesh_shape: it must ask for at most 65536 devices (got 3600000000)'],
  // Names that contain a line break
  [{ 'a\nb': 1 }, '"a\\nb": no such key'],
  // Keys that contradict each other
  [{ n_head: 5 }, 'n_head: must divide n_embd, 32 (got 5). Use 2, 4 or 8'],
  [
    { n_embd: 36, rotary_emb: true },
    'rotary_emb: n_embd / n_head must be even, because pairs of features are rotated (got 9)',
  ],
  [{ axial_pos_emb: [32] }, 'axial_pos_emb: must be two integers >= 1, such as [32, 64] (got [32])'],
  [{ axial_pos_emb: true }, 'axial_pos_emb: must be two integers >= 1, such as [32, 64] (got true)'],
  [{ warmup_steps: 15, lr_decay_end: 10 }, 'lr_decay_end: must be >= warmup_steps, 15 (got 10)'],
  [{ eos_id: 96 }, 'eos_id: must be < n_vocab, 96 (got 96)'],
  [
    { activation_fn: 'relu', activation_function: 'gelu' },
    'activation_function: contradicts activation_fn, "relu" (got "gelu"). Remove activation_function',
  ],
  // Mixture of experts
  [{ moe_layers: [0, 2] }, 'moe_layers: must be layer indices from 0 to 1, n_layer - 1 (got 2)'],
  [{ moe_layers: '0,1' }, 'moe_layers: must be a list of layer indices, from 0 (got "0,1")'],
  [moe([]), 'moe_params: must be an object with keys such as moe_num_experts (got [])'],
  [moe({ num_experts: 4 }), 'moe_params.num_experts: no such key; did you mean "moe_num_experts"?'],
  [
    moe({ moe_gating: 'ntlb' }),
    'moe_params.moe_gating: must be one of top_2, rand_1, switch (got "ntlb"); did you mean "switch"?',
  ],
  [moe({ moe_num_experts: 1 }), 'moe_params.moe_num_experts: must be >= 2 with the gating top_2 (got 1)'],
  [
    moe({ moe_num_experts: 2, moe_gating: 'switch', moe_switch_top_k: 4 }),
    'moe_params.moe_switch_top_k: must be <= moe_num_experts, 2 (got 4)',
  ],
  [
    moe({ moe_use_experts_attention: true }),
    'moe_params.moe_use_experts_attention: must be false (got true): the original cannot run it either',
  ],
  [
    moe({ moe_dropout_rate: 2, moe_second_policy_eval: 'some' }),
    'moe_params.moe_dropout_rate: must be a number >= 0 and < 1 (got 2)',
    'moe_params.moe_second_policy_eval: must be one of all, none, threshold, random (got "some")',
  ],
  // Masked tokens
  [{ mlm_training: true, mlm_mask_prob: 15 }, 'mlm_mask_prob: must be a number from 0 to 1 (got 15)'],
  [
    { mlm_training: true, mlm_mask_prob: 0 },
    'mlm_mask_prob: must be > 0 to have tokens to learn from (got 0). Use for example 0.15',
  ],
  [
    { mlm_training: true, mlm_same_token_prob: 0.5, mlm_random_token_prob: 0.6 },
    'mlm_random_token_prob: mlm_random_token_prob + mlm_same_token_prob must be <= 1 (got 0.6 + 0.5)',
  ],
  [
    { mlm_training: true, mlm_mask_id: 3, mlm_cls_token_id: 4, n_ctx: 1, local_attention_radius: 1 },
    'mlm_cls_token_id: n_ctx must be >= 2 (got 1): the token takes the first position, which leaves none for the text. ' +
      'Raise n_ctx, or remove mlm_cls_token_id',
  ],
  [{ mlm_training: true, mlm_mask_id: 100 }, 'mlm_mask_id: must be < n_vocab, 96 (got 100)'],
  [{ mlm_training: true, mlm_mask_ignore_ids: [1, 99] }, 'mlm_mask_ignore_ids: must be < n_vocab, 96 (got 99)'],
  // Devices
  [{ mesh_shape: 'x=4' }, 'mesh_shape: each pair must have one colon, such as "x:4" (got "x=4" in "x=4")'],
  [{ mesh_shape: 'x:4:2' }, 'mesh_shape: each pair must have one colon, such as "x:4" (got "x:4:2" in "x:4:2")'],
  [{ mesh_shape: 'x:0' }, 'mesh_shape: axis "x" must have an integer size >= 1 (got "0")'],
  [{ mesh_shape: 'x:two' }, 'mesh_shape: axis "x" must have an integer size >= 1 (got "two")'],
  [{ mesh_shape: 'x:2,x:2' }, 'mesh_shape: axis "x" must be given once (got it twice)'],
  [{ mesh_shape: 8 }, 'mesh_shape: must be a text such as "x:4,y:2" (got 8)'],
  [
    { mesh_shape: [['x', 4, 2]] },
    'mesh_shape: each pair must be a name and a size or axis, such as ["x", 4] (got ["x",4,2])',
  ],
  [{ layout: 'batch' }, 'layout: each pair must have one colon, such as "x:4" (got "batch" in "batch")'],
  [
    { mesh_shape: 'x:2,y:2', layout: 'batch:x,batch:y' },
    'layout: dim "batch" must be split over one axis (got axis "x" and axis "y"). Leave out "batch:x" or "batch:y".',
  ],
  [
    { mesh_shape: 'x:8', layout: 'batch:x' },
    'train_batch_size: dim "batch" of 4 must be divisible by axis "x" of 8 in the stream [batch, sequence, embd]. Use 8, an axis of 2 or 4, or leave out "batch:x".',
  ],
  [
    { mesh_shape: 'x:4', layout: 'batch:x', eval_batch_size: 6 },
    'eval_batch_size: dim "batch" of 6 must be divisible by axis "x" of 4 in the stream [batch, sequence, embd]. Use 4 or 8, an axis of 2 or 3, or leave out "batch:x".',
  ],
  [
    { mesh_shape: 'x:3', layout: 'heads:x' },
    'n_head: dim "heads" of 4 must be divisible by axis "x" of 3 in gpt2/h0/attn/q [embd, heads, features_per_head]. Use 3 or 6, an axis of 2, or leave out "heads:x".',
  ],
  [
    { mesh_shape: 'x:3', layout: 'experts:x', ...moe({ moe_num_experts: 4 }) },
    'moe_params.moe_num_experts: dim "experts" of 4 must be divisible by axis "x" of 3 in wi/kernel [experts, embd, expert_hidden]. Use 3 or 6, an axis of 2, or leave out "experts:x".',
  ],
  // Data
  [{ datasets: 'pile' }, 'datasets: must be a list (got "pile"). Write ["pile"]'],
  [{ datasets: { pile: 1 } }, 'datasets: must be a list of names, or of [name, stitch, mode, weight] (got {"pile":1})'],
  [{ datasets: ['pile', 3] }, 'datasets: item 2 must be a name or [name, stitch, mode, weight] (got 3)'],
  [{ datasets: [['pile', 0]] }, 'datasets: item 1: stitch must be an integer >= 1 (got ["pile",0])'],
  [
    { datasets: [['pile', 1, 2]] },
    'datasets: item 1: mode must be a string, such as "documents_random" (got ["pile",1,2])',
  ],
  [
    { datasets: [['pile', 1, 'documents', -1]] },
    'datasets: item 1: weight must be a number >= 0 (got ["pile",1,"documents",-1])',
  ],
  [{ input_fn: 'random' }, 'input_fn: must be one of sequential_input, generic_text (got "random")'],
]

for (const [changes, ...problems] of cases) {
  test(`${JSON.stringify(changes, (_, value) => value ?? null)} is refused`, () => {
    const found = inspect(changes)
    assert.deepEqual(found.problems, problems)
    assert.equal(found.config, null)
  })
}

test('at least sixty mistakes are covered', () => {
  assert.ok(cases.length >= 60, String(cases.length))
})

for (const [given, what] of [
  [null, 'null'],
  [[], 'a list'],
  ['n_embd', '"n_embd"'],
  [3, '3'],
] as const) {
  test(`${what} is not a config`, () => {
    assert.deepEqual(inspectModelConfig(given).problems, [
      `must be a JSON object with keys such as n_embd (got ${what})`,
    ])
  })
}

test('all problems are reported at once, including those between keys', () => {
  assert.throws(
    () =>
      parseModelConfig({ ...base, n_head: 5, lr: 'fast', n_lays: 3, attention_types: [[['local'], 3]] }, 'a/b.json'),
    {
      name: 'ConfigError',
      message: [
        'a/b.json: 4 problems',
        '  n_lays: no such key; did you mean "n_layer"?',
        '  lr: must be a number > 0 (got "fast")',
        '  n_head: must divide n_embd, 32 (got 5). Use 2, 4 or 8',
        '  attention_types: must list n_layer layers, 2 (got 3). Write [[["local"],2]]',
      ].join('\n'),
    },
  )
})

test('keys without a sensible default are required for training', () => {
  const changes = { lr: undefined, train_steps: undefined, train_batch_size: undefined, mlm_training: true }
  assert.deepEqual(inspect(changes, 'train').problems, [
    'lr: is missing; training requires it',
    'train_steps: is missing; training requires it',
    'train_batch_size: is missing; training requires it',
    'mlm_mask_id: is missing; training requires it',
  ])
  assert.deepEqual(inspect(changes).problems, [])
})
