/** Wrong configs, and what their author is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activationNames, inspectModelConfig, parseModelConfig } from '../../../src/config/index.js'
import { base, inspect } from '../base.js'

const moe = (moe_params: unknown) => ({ moe_layers: [1], moe_params })

/** Changes of the base config; a problem for each mistake. */
const cases: [changes: Record<string, unknown>, ...problems: string[]][] = [
  // Keys that are missing or not there
  [{ n_vocab: undefined }, 'n_vocab: it is missing: entries of the vocabulary, a whole number from 1 on'],
  [{ n_embd: null }, 'n_embd: it is missing: width of the residual stream, a whole number from 1 on'],
  [{ n_head: undefined }, 'n_head: it is missing: attention heads; they divide n_embd, a whole number from 1 on'],
  [{ n_heads: 4 }, 'n_heads: no such key; did you mean "n_head"?'],
  [{ n_cxt: 4 }, 'n_cxt: no such key; did you mean "n_ctx"?'],
  [{ N_Ctx: 4 }, 'N_Ctx: no such key; did you mean "n_ctx"?'],
  [{ hidden_size: 32 }, 'hidden_size: no such key; did you mean "n_embd"?'],
  [{ learning_rate: 0.1 }, 'learning_rate: no such key; did you mean "lr"?'],
  [{ lr_deacy: 'cosine' }, 'lr_deacy: no such key; did you mean "lr_decay"?'],
  [{ max_grad_norm: 1 }, 'max_grad_norm: no such key; did you mean "gradient_clipping"?'],
  [{ colour: 'red' }, 'colour: no such key'],
  [{ moe_num_experts: 4 }, 'moe_num_experts: no such key; it belongs into moe_params'],
  // Values of the wrong kind
  [{ n_embd: 'wide' }, 'n_embd: "wide" is not a whole number from 1 on'],
  [{ n_embd: 32.5 }, 'n_embd: 32.5 is not a whole number from 1 on'],
  [{ n_layer: 0 }, 'n_layer: 0 is not a whole number from 1 to 10000'],
  [{ n_layer: 1e9 }, 'n_layer: 1000000000 is not a whole number from 1 to 10000'],
  [{ n_ctx: [32] }, 'n_ctx: [32] is not a whole number from 1 on'],
  [{ n_vocab: '' }, 'n_vocab: "" is not a whole number from 1 on'],
  [{ lr: '1e-3O' }, 'lr: "1e-3O" is not a number above 0'],
  [{ lr: 0 }, 'lr: 0 is not a number above 0'],
  [{ lr: -0.001 }, 'lr: -0.001 is not a number above 0'],
  [{ beta1: 1 }, 'beta1: 1 is not a number from 0 to below 1'],
  [{ beta2: 95 }, 'beta2: 95 is not a number from 0 to below 1'],
  [{ epsilon: 0 }, 'epsilon: 0 is not a number above 0'],
  [{ weight_decay: -0.1 }, 'weight_decay: -0.1 is not a number from 0 on'],
  [{ gradient_clipping: 0 }, 'gradient_clipping: 0 is not a number above 0'],
  [{ res_dropout: 1 }, 'res_dropout: 1 is not a number from 0 to below 1'],
  [{ res_dropout: '10%' }, 'res_dropout: "10%" is not a number from 0 to below 1'],
  [{ warmup_steps: -1 }, 'warmup_steps: -1 is not a whole number from 0 on'],
  [{ train_steps: 1.5 }, 'train_steps: 1.5 is not a whole number from 1 on'],
  [{ seed: -3 }, 'seed: -3 is not a whole number from 0 on'],
  [{ z_loss: 'off' }, 'z_loss: "off" is not a number from 0 on'],
  [{ scale_by_depth: 'false' }, 'scale_by_depth: "false" is not true or false; write false without quotes'],
  [{ recompute_grad: 1 }, 'recompute_grad: 1 is not true or false'],
  [{ eos_id: -1 }, 'eos_id: -1 is not a token id: a whole number from 0 on'],
  [{ mlm_mask_ignore_ids: 5 }, 'mlm_mask_ignore_ids: 5 is not a list of token ids'],
  [{ model_path: 5 }, 'model_path: 5 is not a text'],
  // Names
  [{ model: 'GPT3' }, 'model: "GPT3" is not one of GPT; did you mean "GPT"?'],
  [{ activation_fn: 'gleu' }, 'activation_fn: "gleu" is not the name of an activation; did you mean "gelu"?'],
  [{ activation_fn: 'swish' }, 'activation_fn: "swish" is not the name of an activation; did you mean "silu"?'],
  [
    { activation_function: 'gelu_new' },
    'activation_fn: "gelu_new" is not the name of an activation; did you mean "gelu"?',
  ],
  [
    { activation_fn: 'something' },
    `activation_fn: "something" is not the name of an activation: ${activationNames.join(', ')}`,
  ],
  [{ opt_name: 'sgd' }, 'opt_name: "sgd" is not one of adam, adamw, adafactor, lion, muon'],
  [{ opt_name: 'adamax' }, 'opt_name: "adamax" is not one of adam, adamw, adafactor, lion, muon; did you mean "adam"?'],
  [{ lr_decay: 'cosin' }, 'lr_decay: "cosin" is not one of cosine, linear, none; did you mean "cosine"?'],
  [{ lr_decay: 'constant' }, 'lr_decay: "constant" is not one of cosine, linear, none; did you mean "none"?'],
  [{ precision: 'float16' }, 'precision: "float16" is not one of float32, bfloat16; did you mean "bfloat16"?'],
  [{ compat: 'gptneo' }, 'compat: "gptneo" is not one of fixed, gpt-neo; did you mean "gpt-neo"?'],
  [{ eval_tasks: [5] }, 'eval_tasks: [5] is not a list of names, such as lambada and wikitext'],
  // attention_types
  [
    { attention_types: 'global' },
    'attention_types: "global" is not a list of [kinds, repeat], such as [[["global", "local"], 6]] for 12 layers',
  ],
  [{ attention_types: ['global'] }, 'attention_types: ["global"] lists kinds alone; write [[["global"], 1]]'],
  [
    { attention_types: [['global', 'local'], 1] },
    'attention_types: [["global","local"],1] is one group without the list around it; write [[["global","local"],1]]',
  ],
  [
    { attention_types: [['local'], 1, ['global'], 1] },
    'attention_types: [["local"],1,["global"],1] has kinds and repeats side by side; ' +
      'write [[["local"],1],[["global"],1]]',
  ],
  [
    { attention_types: [['global', 2]] },
    'attention_types: group 1, ["global",2], names its kind without a list; write [["global"], 2]',
  ],
  [
    {
      attention_types: [
        [['global'], 1],
        [['sparse'], 1],
      ],
    },
    'attention_types: group 2, [["sparse"],1], has the kind "sparse"; there are global, local, linear, none',
  ],
  [
    { attention_types: [[['global', 'local'], 1.5]] },
    'attention_types: group 1, [["global","local"],1.5], is repeated 1.5 times; that is to be a whole number from 0 on',
  ],
  [
    { attention_types: [[['global', 'local'], 2]] },
    'attention_types: it lists 4 layers, n_layer is 2; [[["global","local"],1]] lists 2',
  ],
  [
    {
      attention_types: [
        [['global'], 1],
        [['none'], 0],
      ],
    },
    'attention_types: it lists 1 layer, n_layer is 2',
  ],
  // Numbers that would be allocated if they were believed
  [
    { attention_types: [[['global'], 3e8]] },
    'attention_types: it lists 300000000 layers, n_layer is 2; [[["global"],2]] lists 2',
  ],
  [
    { attention_types: [[['global', 'local'], 5e9]], compat: 'gpt-neo' },
    'attention_types: it lists 10000000000 layers, n_layer is 2; [[["global","local"],1]] lists 2',
  ],
  [
    { mesh_shape: 'x:1000000000000', layout: 'batch:x' },
    'mesh_shape: it must ask for at most 65536 devices (got 1000000000000)',
  ],
  [{ mesh_shape: 'x:60000,y:60000' }, 'mesh_shape: it must ask for at most 65536 devices (got 3600000000)'],
  // Names that would break the line
  [{ 'a\nb': 1 }, '"a\\nb": no such key'],
  // Keys that contradict each other
  [{ n_head: 5 }, 'n_head: 5 heads do not divide n_embd 32; 2, 4, 8 would'],
  [
    { n_embd: 36, rotary_emb: true },
    'rotary_emb: it turns pairs of features, and a head has 9, n_embd / n_head; make that even',
  ],
  [{ axial_pos_emb: [32] }, 'axial_pos_emb: [32] is not two whole numbers from 1 on, such as [32, 64]'],
  [{ axial_pos_emb: true }, 'axial_pos_emb: true is not two whole numbers from 1 on, such as [32, 64]'],
  [{ warmup_steps: 15, lr_decay_end: 10 }, 'lr_decay_end: 10 is before the end of the warm-up, 15'],
  [{ eos_id: 96 }, 'eos_id: 96 is not in the vocabulary; n_vocab is 96, the last id 95'],
  [
    { activation_fn: 'relu', activation_function: 'gelu' },
    'activation_function: "gelu" contradicts activation_fn, "relu"; remove activation_function',
  ],
  // Mixture of experts
  [{ moe_layers: [0, 2] }, 'moe_layers: layer 2 is not there; n_layer is 2, and layers count from 0 to 1'],
  [{ moe_layers: '0,1' }, 'moe_layers: "0,1" is not a list of layer numbers from 0 on'],
  [moe([]), 'moe_params: [] is not an object of keys such as moe_num_experts'],
  [moe({ num_experts: 4 }), 'moe_params.num_experts: no such key; did you mean "moe_num_experts"?'],
  [
    moe({ moe_gating: 'ntlb' }),
    'moe_params.moe_gating: "ntlb" is not one of top_2, rand_1, switch; did you mean "switch"?',
  ],
  [moe({ moe_num_experts: 1 }), 'moe_params.moe_num_experts: top_2 gives a token to two experts, and there is 1'],
  [
    moe({ moe_num_experts: 2, moe_gating: 'switch', moe_switch_top_k: 4 }),
    'moe_params.moe_switch_top_k: 4 is more than moe_num_experts, 2',
  ],
  [
    moe({ moe_use_experts_attention: true }),
    'moe_params.moe_use_experts_attention: true is not possible, in GPT-Neo neither; write false',
  ],
  [
    moe({ moe_dropout_rate: 2, moe_second_policy_eval: 'some' }),
    'moe_params.moe_dropout_rate: 2 is not a number from 0 to below 1',
    'moe_params.moe_second_policy_eval: "some" is not one of all, none, threshold, random',
  ],
  // Masked tokens
  [{ mlm_training: true, mlm_mask_prob: 15 }, 'mlm_mask_prob: 15 is not a number from 0 to 1'],
  [
    { mlm_training: true, mlm_mask_prob: 0 },
    'mlm_mask_prob: 0 leaves nothing to learn; give the part of the tokens to mask, such as 0.15',
  ],
  [
    { mlm_training: true, mlm_same_token_prob: 0.5, mlm_random_token_prob: 0.6 },
    'mlm_random_token_prob: 0.6 and mlm_same_token_prob 0.5 are parts of the same tokens, and more than 1 together',
  ],
  [
    { mlm_training: true, mlm_mask_id: 3, mlm_cls_token_id: 4, n_ctx: 1, local_attention_radius: 1 },
    'mlm_cls_token_id: n_ctx must be >= 2 (got 1): the token takes the first position, which leaves none for the text. ' +
      'Raise n_ctx, or remove mlm_cls_token_id',
  ],
  [
    { mlm_training: true, mlm_mask_id: 100 },
    'mlm_mask_id: 100 is not in the vocabulary; n_vocab is 96, the last id 95',
  ],
  [
    { mlm_training: true, mlm_mask_ignore_ids: [1, 99] },
    'mlm_mask_ignore_ids: 99 is not in the vocabulary; n_vocab is 96, the last id 95',
  ],
  // Devices
  [{ mesh_shape: 'x=4' }, 'mesh_shape: "x=4" in "x=4" is not a pair with one colon, such as "x:4"'],
  [{ mesh_shape: 'x:4:2' }, 'mesh_shape: "x:4:2" in "x:4:2" is not a pair with one colon, such as "x:4"'],
  [{ mesh_shape: 'x:0' }, 'mesh_shape: axis "x" has the size "0", which is not a whole number from 1 on'],
  [{ mesh_shape: 'x:two' }, 'mesh_shape: axis "x" has the size "two", which is not a whole number from 1 on'],
  [{ mesh_shape: 'x:2,x:2' }, 'mesh_shape: axis "x" is there twice'],
  [{ mesh_shape: 8 }, 'mesh_shape: 8 is not a text such as "x:4,y:2"'],
  [{ mesh_shape: [['x', 4, 2]] }, 'mesh_shape: ["x",4,2] is not a pair such as ["x", 4]'],
  [{ layout: 'batch' }, 'layout: "batch" in "batch" is not a pair with one colon, such as "x:4"'],
  [
    { mesh_shape: 'x:2,y:2', layout: 'batch:x,batch:y' },
    'layout: dim "batch" is split over axis "x" and over axis "y"; a dim is split over one: leave out "batch:x" or "batch:y"',
  ],
  [
    { mesh_shape: 'x:8', layout: 'batch:x' },
    'train_batch_size: the layout splits batch, 4, over axis "x" of 8, which does not divide it, in the stream [batch, sequence, embd]: 8 would do, or an axis of 2 or 4, or leave out "batch:x"',
  ],
  [
    { mesh_shape: 'x:4', layout: 'batch:x', eval_batch_size: 6 },
    'eval_batch_size: the layout splits batch, 6, over axis "x" of 4, which does not divide it, in the stream [batch, sequence, embd]: 4 or 8 would do, or an axis of 2 or 3, or leave out "batch:x"',
  ],
  [
    { mesh_shape: 'x:3', layout: 'heads:x' },
    'n_head: the layout splits heads, 4, over axis "x" of 3, which does not divide it, in gpt2/h0/attn/q [embd, heads, features_per_head]: 3 or 6 would do, or an axis of 2, or leave out "heads:x"',
  ],
  [
    { mesh_shape: 'x:3', layout: 'experts:x', ...moe({ moe_num_experts: 4 }) },
    'moe_params.moe_num_experts: the layout splits experts, 4, over axis "x" of 3, which does not divide it, in wi/kernel [experts, embd, expert_hidden]: 3 or 6 would do, or an axis of 2, or leave out "experts:x"',
  ],
  // Data
  [{ datasets: 'pile' }, 'datasets: "pile" is not a list; write ["pile"]'],
  [{ datasets: { pile: 1 } }, 'datasets: {"pile":1} is not a list of names, or of [name, stitch, mode, weight]'],
  [{ datasets: ['pile', 3] }, 'datasets: item 2, 3, is neither a name nor [name, stitch, mode, weight]'],
  [{ datasets: [['pile', 0]] }, 'datasets: item 1, ["pile",0], has a stitch that is not a whole number from 1 on'],
  [
    { datasets: [['pile', 1, 2]] },
    'datasets: item 1, ["pile",1,2], has a mode that is not a text, such as "documents_random"',
  ],
  [
    { datasets: [['pile', 1, 'documents', -1]] },
    'datasets: item 1, ["pile",1,"documents",-1], has a weight that is not a number from 0 on',
  ],
  [{ input_fn: 'random' }, 'input_fn: "random" is not one of sequential_input, generic_text'],
]

for (const [changes, ...problems] of cases) {
  test(`${JSON.stringify(changes, (_, value) => value ?? null)} is refused`, () => {
    const found = inspect(changes)
    assert.deepEqual(found.problems, problems)
    assert.equal(found.config, null)
  })
}

test('there are sixty and more of them', () => {
  assert.ok(cases.length >= 60, String(cases.length))
})

for (const [given, what] of [
  [null, 'null'],
  [[], 'a list'],
  ['n_embd', '"n_embd"'],
  [3, '3'],
] as const) {
  test(`${what} is no config`, () => {
    assert.deepEqual(inspectModelConfig(given).problems, [
      `a model config is a JSON object of keys such as n_embd, not ${what}`,
    ])
  })
}

test('all problems are told at once, those between keys too', () => {
  assert.throws(
    () =>
      parseModelConfig({ ...base, n_head: 5, lr: 'fast', n_lays: 3, attention_types: [[['local'], 3]] }, 'a/b.json'),
    {
      name: 'ConfigError',
      message: [
        'a/b.json: 4 problems',
        '  n_lays: no such key; did you mean "n_layer"?',
        '  lr: "fast" is not a number above 0',
        '  n_head: 5 heads do not divide n_embd 32; 2, 4, 8 would',
        '  attention_types: it lists 3 layers, n_layer is 2; [[["local"],2]] lists 2',
      ].join('\n'),
    },
  )
})

test('to train, what has no good default is to be given', () => {
  const changes = { lr: undefined, train_steps: undefined, train_batch_size: undefined, mlm_training: true }
  assert.deepEqual(inspect(changes, 'train').problems, [
    'lr: it is missing; training needs it',
    'train_steps: it is missing; training needs it',
    'train_batch_size: it is missing; training needs it',
    'mlm_mask_id: it is missing; training needs it',
  ])
  assert.deepEqual(inspect(changes).problems, [])
})
