import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configFromHuggingFace } from '../../../src/convert/index.js'
import { huggingFace } from '../support.js'

const tiny = JSON.parse(readFileSync(huggingFace('single/config.json'), 'utf8'))
const from = (changes: object) => configFromHuggingFace({ ...tiny, ...changes }, 'config.json')

test("GPT-Neo's keys from Hugging Face's", () => {
  const { n_vocab, n_ctx, n_embd, n_head, n_layer, attention_types, local_attention_radius } = from({})
  assert.deepEqual([n_vocab, n_ctx, n_embd, n_head, n_layer, local_attention_radius], [61, 24, 20, 4, 3, 7])
  assert.deepEqual(attention_types, [
    [['global', 'local'], 1],
    [['local'], 1],
  ])
})

test('what is absent is what transformers takes', () => {
  const { n_vocab, n_ctx, n_embd, n_head, n_layer, attention_types, local_attention_radius } = configFromHuggingFace(
    { model_type: 'gpt_neo' },
    'config.json',
  )
  assert.deepEqual([n_vocab, n_ctx, n_embd, n_head, n_layer, local_attention_radius], [50257, 2048, 2048, 16, 24, 256])
  assert.deepEqual(attention_types, [[['global', 'local'], 12]])
})

test('other spellings of the same', () => {
  const rest = { num_layers: undefined, num_heads: undefined, num_hidden_layers: 3, num_attention_heads: 4 }
  assert.deepEqual(from(rest), from({}))
  assert.deepEqual(from({ intermediate_size: 80, activation_function: 'gelu_pytorch_tanh' }), from({}))
  const listed = from({ attention_types: undefined, attention_layers: ['global', 'local', 'local'] })
  assert.deepEqual(listed.attention_types, [[['global', 'local', 'local'], 1]])
  const four = { num_layers: 4, attention_types: null, attention_layers: ['local', 'global', 'local', 'global'] }
  assert.deepEqual(from(four).attention_types, [[['local', 'global'], 2]])
})

test('repeats are counted before they are expanded', () => {
  for (const [types, count] of [
    [[[['global'], 3e8]], '300000000'],
    [[[['global', 'local'], 5e9]], '10000000000'],
  ])
    assert.throws(
      () => configFromHuggingFace({ model_type: 'gpt_neo', num_layers: 2, attention_types: types }, 'config.json'),
      {
        name: 'ConfigError',
        message: `config.json: attention_types: it must list num_layers layers, 2 (got ${String(count)})`,
      },
    )
})

test('what GPT-Neo cannot express is refused in one line that names the key', () => {
  const cases: [changes: object, message: RegExp][] = [
    [{ model_type: 'gptj' }, /^config\.json: model_type: "gptj" is wrong: expected "gpt_neo"$/],
    [{ model_type: undefined }, /^config\.json: model_type: it is missing$/],
    [{ hidden_size: '20' }, /^config\.json: hidden_size: "20" is wrong: expected number, received string$/],
    [
      { intermediate_size: 64 },
      /^config\.json: intermediate_size: 64 is not possible: GPT-Neo's is 4 times hidden_size, 80$/,
    ],
    [
      { layer_norm_epsilon: 1e-6 },
      /^config\.json: layer_norm_epsilon: 0\.000001 is not possible: GPT-Neo's is 0\.00001$/,
    ],
    [
      { activation_function: 'gelu' },
      /^config\.json: activation_function: "gelu" is not possible: it is the exact form; GPT-Neo has the tanh form, /,
    ],
    [{ activation_function: 'xielu' }, /^config\.json: activation_function: "xielu" .*both have gelu_new, /],
    [
      { attention_types: [[['global', 'sparse', 'local'], 1]], attention_layers: undefined },
      /^config\.json: attention_types: "sparse" is not possible: the kinds are global and local$/,
    ],
    [{ num_layers: 5 }, /^config\.json: num_layers: 5 is not possible: attention_types lists 3 layers$/],
    [
      { attention_layers: ['local', 'local', 'local'] },
      /^config\.json: attention_layers: .* attention_types lists other layers$/,
    ],
    [{ quantization_config: { bits: 4 } }, /^config\.json: quantization_config: .* save the model in full precision$/],
    [{ num_heads: 3 }, /^config\.json: n_head: must divide n_embd, 20 \(got 3\)/],
  ]
  for (const [changes, message] of cases) assert.throws(() => from(changes), { name: 'ConfigError', message })
  assert.throws(
    () => from({ intermediate_size: 64, layer_norm_epsilon: 1 }),
    /intermediate_size: .*; layer_norm_epsilon: /,
  )
})
