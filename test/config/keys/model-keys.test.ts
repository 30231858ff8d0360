/** Every key: a change of it is in the config, or is noted as without effect. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelKeys, type MixtureConfig, type ModelConfig } from '../../../src/config/index.js'
import { defaultOf } from '../../../src/config/keys/key.js'
import { mixtureKeys } from '../../../src/config/keys/mixture.js'
import { base, configOf, inspect } from '../base.js'
import { cases, mixtureCases } from './key-cases.js'

for (const [key, { value, with: others, note, ...rest }] of Object.entries(cases)) {
  test(`${key}: a change is ${note === undefined ? 'in the config' : 'noted'}`, () => {
    const { config, problems, notes } = inspect({ ...others, [key]: value })
    assert.deepEqual(problems, [])
    if (key !== 'moe_params') assert.deepEqual((config as any)[key], 'lands' in rest ? rest.lands : value)
    if (note !== undefined) assert.ok(notes.includes(note), `${note}\nis not among\n${notes.join('\n')}`)
    else
      assert.deepEqual(
        notes.filter((each) => each.startsWith(key)),
        [],
      )
  })
}

test('every key is in the table, and its case is another value than its default', () => {
  assert.deepEqual(Object.keys(cases), Object.keys(modelKeys))
  for (const [key, { value }] of Object.entries(cases)) {
    if (['model', 'ada_epsilon1'].includes(key)) continue
    assert.notDeepEqual(value, (base as any)[key] ?? defaultOf(modelKeys[key as keyof ModelConfig]), key)
  }
})

for (const [key, { value, with: others, note, ...rest }] of Object.entries(mixtureCases)) {
  test(`moe_params.${key}: a change is ${note === undefined ? 'in the config' : 'noted'}`, () => {
    const { config, problems, notes } = inspect({ moe_layers: [1], moe_params: { ...others, [key]: value } })
    assert.deepEqual(problems, [])
    assert.deepEqual(config!.moe_params![key as keyof MixtureConfig], rest.lands ?? value)
    assert.deepEqual(notes, note === undefined ? [] : [note])
  })
}

test('every key of moe_params is in the table', () => {
  assert.deepEqual(Object.keys(mixtureCases), Object.keys(mixtureKeys))
})

test("a default depends on the optimizer where GPT-Neo's does", () => {
  assert.equal(configOf({}).beta1, 0.9)
  assert.equal(configOf({}).weight_decay, 0)
  const adafactor = configOf({ opt_name: 'adafactor' })
  assert.equal(adafactor.beta1, 0)
  assert.equal(adafactor.weight_decay, undefined)
})

test('moe_switch_top_k is at most the experts unless it is given', () => {
  const tries = (moe_num_experts?: number) =>
    configOf({ moe_layers: [0], moe_params: { moe_gating: 'switch', moe_num_experts } }).moe_params!.moe_switch_top_k
  assert.equal(tries(2), 2)
  assert.equal(tries(3), 3)
  assert.equal(tries(8), 4)
  assert.equal(tries(), 4)
})

test('layers of experts without moe_params have its defaults, which is noted', () => {
  const { config, notes } = inspect({ moe_layers: [0] })
  assert.equal(config!.moe_params!.moe_num_experts, 16)
  assert.deepEqual(notes, [
    'moe_params is missing: moe_layers have its defaults, such as 16 experts of hidden size 4096. neomesh config keys moe lists them',
  ])
})
