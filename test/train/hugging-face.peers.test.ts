/** The same against transformers itself, on other weights, tokens and shapes than the recorded ones. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseModelConfig } from '../../src/config/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { openSafetensors, writeSafetensors } from '../../src/files/index.js'
import { logits, loss, modelShape, scopeOf, type Parameters } from '../../src/model/index.js'
import { dim, valueAndGrad, type Tensor } from '../../src/tensor/index.js'
import { Trainer } from '../../src/train/index.js'
import { variablesOf } from '../../src/train/parameters.js'
import { split } from '../../src/train/step.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { relative } from '../model/goldens.js'
import { engine, numbers } from '../tensor/check.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const python = join(root, '.venv-peers/bin/python')
const skip = existsSync(python) ? false : 'there is no .venv-peers with transformers in it'
const bytes = (data: Float32Array | Int32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

for (const [seed, shape] of [
  {
    n_vocab: 131,
    n_ctx: 33,
    n_embd: 24,
    n_head: 3,
    n_layer: 2,
    attention_types: [[['global', 'local'], 1]],
    local_attention_radius: 5,
  },
  {
    n_vocab: 61,
    n_ctx: 40,
    n_embd: 32,
    n_head: 2,
    n_layer: 3,
    attention_types: [[['local', 'global', 'global'], 1]],
    local_attention_radius: 40,
  },
].entries())
  test(`transformers, live: logits, loss, gradients of ${JSON.stringify(shape)}`, { skip }, async (t) => {
    const folder = temporaryFolder(t)
    const batch = 3
    const { config } = parseModelConfig({ ...shape, z_loss: 0, train_batch_size: batch })
    const on = await engine()
    const trainer = new Trainer(on, config)
    const next = numbers(100 + seed)
    const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>()
    await trainer.start(async ({ name, shape }) => {
      const data = Float32Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        () => (next() - 0.5) * 0.6 + (name.endsWith('/g') ? 1 : 0),
      )
      weights.set(name, { shape, data })
      return data
    })
    const ids = Int32Array.from({ length: batch * (config.n_ctx + 1) }, () => Math.floor(next() * config.n_vocab))
    writeFileSync(join(folder, 'config.json'), JSON.stringify(shape))
    await writeSafetensors(
      join(folder, 'weights.safetensors'),
      [...weights].map(([name, { shape, data }]) => ({ name, shape, dtype: 'F32' as const, data: bytes(data) })),
    )
    await writeSafetensors(join(folder, 'tokens.safetensors'), [
      { name: 'tokens', shape: [batch, config.n_ctx + 1], dtype: 'I32', data: bytes(ids) },
    ])
    const said = execFileSync(python, [join(root, 'test/reference/peers_live.py'), folder, '--gradients'], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    const peer = JSON.parse(said.trim().split('\n').at(-1)!)

    const model = modelShape(config, { batch })
    const evaluate = jit(on, (p: Parameters, rows: Tensor) => {
      const { inputs, labels } = split(rows, config.n_ctx)
      const [value, grads] = valueAndGrad(
        (q: Parameters) => loss(scopeOf(model, trainer.specs, q, trainer.layers), inputs, labels, model).loss,
      )(p)
      return { logits: logits(scopeOf(model, trainer.specs, p, trainer.layers), inputs, model), value, grads }
    }) as any
    const found = await evaluate(
      trainer.parameters,
      DeviceArray.from(on, ids, [dim('batch', batch), dim('tokens', config.n_ctx + 1)], 'i32'),
    )
    assert.ok(relative((await found.logits.read()) as Float32Array, Float32Array.from(peer.logits)) < 1e-4)
    assert.ok(Math.abs((await found.value.readScalar()) - peer.loss[0]) < 1e-4 * peer.loss[0])
    const file = await openSafetensors(join(folder, 'gradients.safetensors'))
    for (const spec of trainer.specs)
      for (const { name, data } of variablesOf(spec, null, await found.grads[spec.name].read())) {
        const stored = (await file.read(name)).data
        const wanted = new Float32Array(stored.buffer, stored.byteOffset, stored.byteLength / 4)
        assert.ok(Math.hypot(...data.map((x, i) => x - wanted[i])) < 1e-3 * Math.hypot(...wanted) + 1e-7, name)
      }
    await file.close()
  })
