/** Recorded numbers of transformers' GPTNeoForCausalLM and ten steps of PyTorch's AdamW on the same weights and tokens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseModelConfig } from '../../src/config/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { openSafetensors, readJson } from '../../src/files/index.js'
import { logits, loss, modelShape, scopeOf, type LayerMode, type Parameters } from '../../src/model/index.js'
import { dim, valueAndGrad, type Tensor } from '../../src/tensor/index.js'
import { Trainer } from '../../src/train/index.js'
import { variablesOf } from '../../src/train/parameters.js'
import { split } from '../../src/train/step.js'
import { fixture, relative } from '../model/goldens.js'
import { engine } from '../tensor/check.js'

const floats = ({ data }: { data: Uint8Array }) => new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4)
const norm = (values: Float32Array) => Math.hypot(...values)

/** As the fixture's notes say, the optimizer is AdamW with bias correction whatever the config names. */
async function open(name: string) {
  const json = (await readJson(fixture(`reference/${name}.json`))) as any
  const tiny = await openSafetensors(fixture('reference/hf_tiny.safetensors'))
  const own = await openSafetensors(fixture(`reference/${name}.safetensors`))
  const { config } = parseModelConfig(
    { ...json.config, opt_name: 'adamw', lr_decay: json.config.lr_decay === 'cosine' ? 'cosine' : 'none' },
    name,
  )
  const tokens = await tiny.read('tokens')
  const [, batch, width] = tokens.shape
  const all = new Int32Array(tokens.data.buffer, tokens.data.byteOffset, tokens.data.byteLength / 4)
  return {
    json,
    config,
    tiny,
    own,
    batch,
    width,
    ids: (step: number) => all.slice(step * batch * width, (step + 1) * batch * width),
    close: () => Promise.all([tiny.close(), own.close()]),
  }
}

for (const layers of ['unroll', 'scan'] as LayerMode[])
  test(`transformers: logits, loss and gradients, layers in ${layers} mode`, async () => {
    const { config, tiny, batch, width, ids, json, close } = await open('hf_tiny')
    const on = await engine()
    const trainer = new Trainer(on, config, layers)
    await trainer.start(async ({ name }) => floats(await tiny.read(`init/${name}`)))
    const model = modelShape(config, { batch })
    const evaluate = jit(on, (p: Parameters, rows: Tensor) => {
      const { inputs, labels } = split(rows, config.n_ctx)
      const [value, grads] = valueAndGrad(
        (q: Parameters) => loss(scopeOf(model, trainer.specs, q, layers), inputs, labels, model).loss,
      )(p)
      return { logits: logits(scopeOf(model, trainer.specs, p, layers), inputs, model), value, grads }
    }) as any
    const rows = DeviceArray.from(on, ids(0), [dim('batch', batch), dim('tokens', width)], 'i32')
    const found = await evaluate(trainer.parameters, rows)
    assert.ok(relative((await found.logits.read()) as Float32Array, floats(await tiny.read('logits'))) < 1e-4)
    assert.ok(Math.abs((await found.value.readScalar()) - json.loss[0]) < 1e-4 * json.loss[0])
    for (const spec of trainer.specs)
      for (const { name, data } of variablesOf(spec, null, await found.grads[spec.name].read())) {
        const wanted = floats(await tiny.read(`grad/${name}`))
        assert.ok(norm(data.map((x, i) => x - wanted[i])) < 1e-3 * norm(wanted) + 1e-7, name)
      }
    await close()
  })

for (const name of ['hf_tiny', 'hf_tiny_schedule'])
  test(`PyTorch's AdamW, ten steps: ${name}`, async () => {
    const { json, config, tiny, own, ids, close } = await open(name)
    const trainer = new Trainer(await engine(), config)
    await trainer.start(async ({ name }) => floats(await tiny.read(`init/${name}`)))
    for (let step = 0; step < 10; step++) {
      const { loss, learningRate, gradientNorm } = await trainer.trainOn(ids(step))
      const close = async (found: DeviceArray, wanted: number, tolerance: number, what: string) => {
        const value = await found.readScalar()
        assert.ok(
          Math.abs(value - wanted) <= tolerance * Math.abs(wanted),
          `${what} of step ${step}: ${value}, wanted ${wanted}`,
        )
      }
      await close(loss, json.loss[step], 1e-4, 'loss')
      await close(learningRate, json.learning_rate[step], 1e-6, 'learning rate')
      await close(gradientNorm, json.grad_norm[step], 1e-3, 'gradient norm')
      if (step !== 0 && step !== 9) continue
      for (const spec of trainer.specs)
        for (const { name: variable, data } of variablesOf(spec, null, await trainer.parameters[spec.name].read())) {
          const key = `step${step + 1}/${variable}`
          if (!own.tensors.has(key)) continue
          const wanted = floats(await own.read(key))
          const off = data.reduce((worst, x, i) => Math.max(worst, Math.abs(x - wanted[i])), 0)
          assert.ok(off <= (step === 0 ? 0.1 : 0.5) * config.lr, `${key}: off by ${off}`)
        }
    }
    trainer.dispose()
    await close()
  })
