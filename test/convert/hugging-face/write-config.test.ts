import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseModelConfig, type ModelConfig } from '../../../src/config/index.js'
import { configFromHuggingFace, configToHuggingFace } from '../../../src/convert/index.js'
import { huggingFace } from '../support.js'

const tiny = JSON.parse(readFileSync(huggingFace('single/config.json'), 'utf8'))

test('there and back', () => {
  const ours = configFromHuggingFace(tiny, 'config.json')
  const back = configToHuggingFace(ours, { eosId: 0 })
  for (const [key, value] of Object.entries(back)) if (key !== 'torch_dtype') assert.deepEqual(value, tiny[key], key)
  assert.deepEqual(configFromHuggingFace(back, 'config.json'), ours)
})

test('what Hugging Face cannot express is refused', () => {
  const { config } = parseModelConfig({ n_vocab: 61, n_ctx: 24, n_embd: 20, n_head: 4, n_layer: 3 })
  const to = (changes: object, vocabSize?: number) =>
    configToHuggingFace({ ...config, ...changes } as ModelConfig, { vocabSize, eosId: null })
  assert.deepEqual(to({}).attention_types, [[['global'], 3]])
  assert.equal(to({}, 53).vocab_size, 53)
  assert.equal(to({ rotary_emb: false, moe_layers: [], num_mem_kv: 0, scalenorm: undefined }).num_layers, 3)
  const cases: [changes: object, message: RegExp][] = [
    [
      { rotary_emb: true },
      /^export to Hugging Face: rotary_emb: true is not possible: Hugging Face's GPT-Neo has nothing like it$/,
    ],
    [{ moe_layers: [1] }, /: moe_layers: \[1\] is not possible/],
    [{ attention_types: [[['linear'], 3]] }, /: attention_types: "linear" is not possible: .* has global and local$/],
    [{ activation_fn: 'maxtanh' }, /: activation_fn: "maxtanh" is not possible/],
  ]
  for (const [changes, message] of cases) assert.throws(() => to(changes), { name: 'ConfigError', message })
  assert.throws(() => to({}, 62), /: vocabSize: 62 is not possible: the model has 61 rows$/)
})
