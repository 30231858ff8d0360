/** Valid configs, and the notes about them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseModelConfig } from '../../../src/config/index.js'
import { deprecatedKeys } from '../../../src/config/parse/deprecated-keys.js'
import { base, inspect } from '../base.js'

const all = (kind: string) => ({ attention_types: [[[kind], 2]], local_attention_radius: undefined })
const moe = (moe_params: Record<string, unknown>) => ({ moe_layers: [1], moe_params })
const adafactor = { opt_name: 'adafactor', lr_decay: undefined }
const ofAdafactor = 'only adafactor uses it, and opt_name is adam'

const cases: [changes: Record<string, unknown>, ...notes: string[]][] = [
  [{}],
  // Keys without effect under the others
  [
    { ...all('global'), local_attention_radius: 8 },
    'local_attention_radius has no effect: no layer has local attention',
  ],
  [{ ...all('linear'), num_mem_kv: 4 }, 'num_mem_kv has no effect: no layer has global attention'],
  [{ ...all('linear'), attn_dropout: 0.1 }, 'attn_dropout has no effect: no layer has global attention'],
  [{ ...all('linear'), attn_dropout: 0, num_mem_kv: 0 }],
  [{ ...all('none'), rotary_emb: true }, 'rotary_emb has no effect: no layer has attention'],
  [{ rotary_emb: true, axial_pos_emb: [4, 8] }, 'axial_pos_emb has no effect: rotary_emb replaces it'],
  [{ rotary_emb: false, axial_pos_emb: false }],
  [{ rezero: true, scalenorm: true }, 'scalenorm has no effect: with rezero blocks have no norms'],
  [
    {
      moe_layers: [0, 1],
      moe_params: {},
      activation_fn: 'relu',
      mlp_glu: true,
      scale_by_in: true,
      scale_by_depth: true,
    },
    'activation_fn has no effect: every layer is a mixture of experts',
    'mlp_glu has no effect: every layer is a mixture of experts',
    'scale_by_in has no effect: every layer is a mixture of experts',
    'scale_by_depth has no effect: every layer is a mixture of experts',
  ],
  [{ entmax_loss: true, z_loss: 0.1 }, 'z_loss has no effect: entmax_loss has no such term'],
  [{ lr_decay: 'none', lr_decay_end: 10 }, 'lr_decay_end has no effect: lr_decay is none'],
  [
    { ada_epsilon1: '1e-30', ada_epsilon2: 0.001 },
    `ada_epsilon1 has no effect: ${ofAdafactor}`,
    `ada_epsilon2 has no effect: ${ofAdafactor}`,
  ],
  [
    { opt_name: 'adafactor', beta2: 0.9, epsilon: 1e-6, warmup_steps: 2 },
    'lr_decay has no effect: with adafactor lr is constant',
    'beta2 has no effect: only adam, adamw, lion and muon use it, and opt_name is adafactor',
    'epsilon has no effect: only adam, adamw and muon use it, and opt_name is adafactor',
    'warmup_steps has no effect: with adafactor lr is constant',
  ],
  [
    { opt_name: 'lion', epsilon: 1e-6 },
    'epsilon has no effect: only adam, adamw and muon use it, and opt_name is lion',
  ],
  [
    moe({ moe_gating: 'rand_1', moe_second_policy_train: 'all', moe_switch_top_k: 2, moe_rand_1_temperature: 2 }),
    'moe_params.moe_second_policy_train has no effect: only top_2 uses it, and moe_gating is rand_1',
    'moe_params.moe_switch_top_k has no effect: only switch uses it, and moe_gating is rand_1',
    'moe_params.moe_rand_1_temperature has no effect: only the policy sample uses it',
  ],
  [
    moe({ moe_second_policy_train: 'all', moe_second_threshold_train: 0.3 }),
    'moe_params.moe_second_threshold_train has no effect: only the policies threshold and random use it',
  ],
  // What may be unexpected
  [{ axial_pos_emb: [4, 4] }, 'axial_pos_emb: 4 x 4 is 16, less than n_ctx 32: positions >= 16 have zeros'],
  [{ axial_pos_emb: [8, 8] }, 'axial_pos_emb: 8 x 8 is 64, more than n_ctx 32: the remaining rows are unused'],
  [
    { local_attention_radius: 64 },
    'local_attention_radius: 64 is above n_ctx 32: local layers see what global ones do',
  ],
  [{ moe_layers: [1, 1], moe_params: {} }, 'moe_layers: layer 1 is listed twice'],
  [
    { mlm_training: true, mlm_mask_id: 3, padding_id: 96 },
    'padding_id: 96 is not in the vocabulary of 96: its embedding is zeros',
  ],
  [{ warmup_steps: 20 }, 'warmup_steps: 20 is >= train_steps 20: lr never reaches its peak'],
  [{ lr_decay_end: 30 }, 'lr_decay_end: 30 is after train_steps 20: training ends before the decay does'],
  [
    { ...adafactor, weight_decay: 0.1 },
    'weight_decay: with adafactor 0.1 is not a weight decay, but the second-moment decay, which forgets most of it in ' +
      'every step. Without it the decay is 1 - (step + 1)^-0.8',
  ],
  [{ ...adafactor, weight_decay: null, beta1: null }],
  [
    { tokens_per_mb_per_replica: 16 },
    'tokens_per_mb_per_replica: 16 is less than a sequence, n_ctx 32: a microbatch has one',
  ],
  [
    { tokens_per_mb_per_replica: 100 },
    'tokens_per_mb_per_replica: 100 are 3 sequences, which do not divide the 4 of a replica: a microbatch has 2',
  ],
  [{ tokens_per_mb_per_replica: 4096 }],
  [{ activation_fn: 'sign' }, 'activation_fn: "sign" has no gradient: c_fc is not trained'],
  [
    { datasets: ['pile', ['pile', null, null, 1]] },
    'datasets: "pile" is listed twice',
    'datasets: stitch, mode and weight in ["pile",null,null,1] have no effect: every sample is read once per epoch',
  ],
  [
    { entmax_loss: true, compat: 'gpt-neo' },
    'entmax_loss: as in the original, the loss becomes NaN once a token of the vocabulary has probability 0, which ' +
      'happens early in training; without compat it stays finite',
  ],
  [{ z_loss: null, seed: null }, 'z_loss: null means the default, 0.0001'],
  // Layout rules without effect
  [
    { mesh_shape: 'x:2', layout: 'batch:x,vocab:n_vocab,words:x' },
    'layout: "vocab:n_vocab" has no effect: axis "n_vocab" is not in mesh_shape, which has x',
    'layout: "words:x" has no effect: no tensor has a dim "words"; ' +
      'dims are batch, sequence, memory_length, embd, heads, features_per_head, intermediate_expanded, vocab',
    'mesh_shape: it is for 2 devices. Use them with neomesh train --devices 2',
  ],
  [
    { n_vocab: 97, mesh_shape: 'x:2', layout: 'vocab:x' },
    'n_vocab: 97 entries are filled up to 98, so that 2 devices have as many each',
    'mesh_shape: it is for 2 devices. Use them with neomesh train --devices 2',
  ],
  // Deprecated keys and names
  [{ activation_function: 'relu' }, 'activation_function was renamed to activation_fn and is read as that. Rename it'],
  [{ train_steps: undefined, max_steps: 20 }, 'max_steps was renamed to train_steps and is read as that. Rename it'],
  [{ max_steps: 500000 }, 'max_steps has no effect beside train_steps: 20 is used, not 500000. Remove max_steps'],
  [{ max_steps: 20 }, 'max_steps duplicates train_steps. Remove it'],
  [
    { datasets: [['a', null, null, null]], dataset_ids: ['a'] },
    'dataset_ids has no effect beside datasets: [["a",null,null,null]] is used, not ["a"]. Remove dataset_ids',
  ],
  [{ datasets: [], dataset_ids: ['a'] }, 'dataset_ids was renamed to datasets and is read as that. Rename it'],
  [
    { datasets: [['texts_*.tfrecords', '', 10, 'random_sample', 1]] },
    'datasets: ["texts_*.tfrecords","",10,"random_sample",1] has no effect: it is a file pattern, [path, ' +
      'eval_path, stitch, mode, weight] of older configs. Name data set configs, or pass the data with --data',
  ],
  [{ eval_tasks: ['lambada', 'wikitext2'] }, 'eval_tasks has no effect: its tasks name no data. Write lambada=FILE'],
  [{ scale: 0.14 }, 'scale has no effect, GPT-Neo no longer reads it: scale_by_depth replaces it'],
  [
    { lr: undefined, opt_name: undefined, opt_params: { lr: 0.01, name: 'adamW' } },
    'opt_params: its keys (lr, name) are read as keys of the config. Move them there',
    'name was renamed to opt_name and is read as that. Rename it',
  ],
  [{ name: 'adamW' }, 'name has no effect, opt_name replaces it. Remove it'],
  [{ dataset_ids: ['pile'] }, 'dataset_ids was renamed to datasets and is read as that. Rename it'],
  [{ local: true }, 'local has no effect, GPT-Neo no longer reads it: attention_types lists the kind of each layer'],
  [
    { num_microbatches: 4 },
    'num_microbatches has no effect, GPT-Neo no longer reads it: tokens_per_mb_per_replica replaces it, in tokens',
  ],
  [{ model: 'GPT2' }, 'model: "GPT2" was renamed to "GPT" and is read as that. Rename it'],
]

for (const [changes, ...notes] of cases) {
  test(`${JSON.stringify(changes)}: ${notes.length === 0 ? 'no notes' : notes[0]}`, () => {
    const found = inspect(changes)
    assert.deepEqual(found.problems, [])
    assert.deepEqual(found.notes, notes)
  })
}

test('each deprecated key is reported with its replacement', () => {
  for (const [key, instead] of Object.entries(deprecatedKeys)) {
    const { notes, problems } = inspect({ [key]: base[instead.split(' ')[0]] ?? 'gelu' })
    assert.deepEqual(
      problems.filter((each) => each.includes('no such key')),
      [],
      key,
    )
    assert.ok(notes.some((note) => note.startsWith(`${key} `)) || problems.length > 0, key)
  }
})

test("keys of the command line override the file's", () => {
  const changes = { train_steps: 7, seed: undefined, lr_decay: null }
  const { config, notes } = parseModelConfig({ ...base, train_steps: 'many' }, 'a/b.json', {
    changes,
    purpose: 'train',
  })
  assert.equal(config.train_steps, 7)
  assert.equal(config.seed, 0)
  assert.equal(config.lr_decay, 'none')
  assert.deepEqual(notes, [])
})

test('notes name their file', () => {
  assert.deepEqual(parseModelConfig({ ...base, iterations: 5 }, 'a/b.json').notes, [
    'b.json: iterations has no effect: steps are dispatched one by one, ahead of their results',
  ])
})
