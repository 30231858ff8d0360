import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlotEngine, generate, type LoadedModel } from '../../src/generate/index.js'
import { loadParameters } from '../../src/generate/parameters.js'
import { jit, type DeviceArray } from '../../src/engine/index.js'
import { transpose, type Tensor } from '../../src/tensor/index.js'
import { roundToBf16 } from '../../src/engine/half.js'
import { forward, lively } from '../model/support.js'
import { engine } from '../tensor/check.js'
import { eventsOf, idsOf } from './slots/support.js'

async function loadedAs(dtype: 'f32' | 'bf16', changes: Record<string, unknown>): Promise<LoadedModel> {
  const { config, parameters } = await lively(changes)
  return loadParameters(await engine(), config, (name) => parameters[name].readFloats(), dtype)
}

test('bf16 weights take half of the memory, and gains and biases stay f32', async () => {
  const { parameters, model, config } = await loadedAs('bf16', {})
  assert.equal(config.precision, 'bfloat16')
  const wide = await loadedAs('f32', {})
  const given = await lively({})
  for (const { name, shape } of model.specs) {
    const stored = await given.parameters[name].readFloats()
    assert.deepEqual(await inOrderOf(given.parameters[name], wide.parameters[name]), stored, name)
    assert.equal(parameters[name].dtype, shape.length > 1 ? 'bf16' : 'f32')
    const numbers = await wide.parameters[name].readFloats()
    const rounded = await inOrderOf(wide.parameters[name], parameters[name])
    numbers.forEach((x, i) => assert.equal(rounded[i], shape.length > 1 ? roundToBf16(x) : x, `${name} ${i}`))
  }
  // Products sum over the last dims, which is what a CPU is fast at.
  for (const loaded of [parameters, wide.parameters]) {
    const dimsOf = (name: string) => loaded[`gpt2/h0/${name}`].dims.map((each) => each.name)
    assert.deepEqual(dimsOf('attn/q'), ['heads', 'features_per_head', 'embd'])
    assert.deepEqual(dimsOf('attn/o'), ['embd', 'heads', 'features_per_head'])
    assert.deepEqual(dimsOf('mlp/conv1d_main/c_fc/kernel'), ['intermediate_expanded', 'embd'])
  }
})

/** The elements of `array` in the order that the dims of `like` have. */
async function inOrderOf(like: DeviceArray, array: DeviceArray): Promise<Float32Array> {
  const turn = jit(array.engine, (x: Tensor) => transpose(x, like.dims))
  return (await turn(array)).readFloats()
}

test('generation in bf16 gives what one pass with the same weights gives, by generate and in slots', async () => {
  const model = await loadedAs('bf16', { no_weight_tie: true, num_mem_kv: 2, n_layer: 1 })
  const prompt = [3, 14, 15, 9, 26, 5]
  let logits: Float32Array | undefined
  const options = { temperature: 0, maxTokens: 1, onLogits: (given: Float32Array) => (logits = given) }
  for await (const [id] of generate(model, [prompt], options)) assert.ok(id !== null)
  const [wanted] = await forward({ ...model, specs: model.model.specs }, [prompt])
  const last = wanted[prompt.length - 1]
  const scale = Math.max(...last.map(Math.abs))
  last.forEach((x, id) => assert.ok(Math.abs(x - logits![id]) <= 0.05 * scale, `token ${id}`))
  const slots = new SlotEngine(model, { slots: 2 })
  const events = await eventsOf(slots.submit({ prompt, temperature: 0, maxTokens: 4 }))
  await slots.close()
  assert.equal(idsOf(events).length, 4)
})
