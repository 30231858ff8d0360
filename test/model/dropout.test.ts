/** Dropouts: in training only, as often as asked, and the same numbers however layers are run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { initialise } from '../../src/model/initialise.js'
import { logits, modelShape, parametersOf, scopeOf, type LayerMode, type Parameters } from '../../src/model/index.js'
import { dropout } from '../../src/model/dropout.js'
import { Scope } from '../../src/model/scope.js'
import { dim, ones, random, type Tensor } from '../../src/tensor/index.js'
import { close, engine, evaluate } from '../tensor/check.js'
import { configOf } from './support.js'

const n = dim('n', 20000)

test('as many as the rate says are 0, the others larger in proportion; in evaluation none', async () => {
  const at = (training: boolean) => Scope.over([], {}, 'f32', 'unroll', training ? { key: random.key(4) } : null)
  const [trained, evaluated, always, other] = await evaluate(
    () => [
      dropout(at(true), 'x', ones([n]), 0.3),
      dropout(at(false), 'x', ones([n]), 0.3),
      dropout(at(false), 'x', ones([n]), 0.3, { always: true }),
      dropout(at(true), 'y', ones([n]), 0.3),
    ],
    [],
  )
  const dropped = (values: number[]) => values.filter((x) => x === 0).length / n.size
  assert.ok(Math.abs(dropped(trained.values) - 0.3) < 0.015 && Math.abs(dropped(always.values) - 0.3) < 0.015)
  close([...new Set(trained.values)].sort(), [0, 1 / 0.7], 1e-6, 'values')
  assert.ok(evaluated.values.every((x) => x === 1))
  assert.notDeepEqual(trained.values, other.values)
})

const DROPPED = {
  embed_dropout: 0.2,
  attn_dropout: 0.3,
  res_dropout: 0.1,
  attention_types: [[['global', 'linear'], 2]],
  n_layer: 4,
}

/** Logits of a model with parameters that do not depend on how layers are run. */
async function run(changes: Record<string, unknown>, layers: LayerMode, seed: number | null): Promise<number[]> {
  const config = configOf({ ...DROPPED, ...changes })
  const on = await engine()
  const model = modelShape(config, { batch: 2 })
  const specs = parametersOf(model, layers)
  const parameters = await initialise(on, specs, 1)
  const compiled = jit(on, (p: Parameters, ids: Tensor) =>
    logits(scopeOf(model, specs, p, layers, seed === null ? null : { key: random.key(seed) }), ids, model),
  )
  const ids = DeviceArray.from(
    on,
    Int32Array.from({ length: 2 * config.n_ctx }, (_, i) => (7 * i) % 61),
    [model.batch, model.sequence],
    'i32',
  )
  return Array.from(await ((await (compiled as any)(parameters, ids)) as DeviceArray).readFloats())
}

test('layers in one scan drop what layers one by one do; keys differ by seed; evaluation drops nothing', async () => {
  const wanted = await run({}, 'unroll', 3)
  close(await run({}, 'scan', 3), wanted, 1e-5, 'scan')
  const none = await run({ embed_dropout: 0, attn_dropout: 0, res_dropout: 0 }, 'unroll', 3)
  assert.notDeepEqual(await run({}, 'unroll', 4), wanted)
  assert.notDeepEqual(wanted, none)
  close(await run({}, 'unroll', null), none, 1e-6, 'evaluation')
})
test('each rate acts by itself', async () => {
  const off = { embed_dropout: 0, attn_dropout: 0, res_dropout: 0 }
  const none = await run(off, 'unroll', 3)
  for (const key of Object.keys(off)) assert.notDeepEqual(await run({ ...off, [key]: 0.2 }, 'unroll', 3), none, key)
  // Only global layers drop attention weights.
  assert.deepEqual(
    await run({ ...off, attn_dropout: 0.2, attention_types: [[['local', 'linear'], 2]] }, 'unroll', 3),
    await run({ ...off, attention_types: [[['local', 'linear'], 2]] }, 'unroll', 3),
  )
})
test('shared layers drop differently', async () => {
  const shared = { share_parameters: true, attention_types: [[['global'], 4]] }
  close(await run(shared, 'scan', 3), await run(shared, 'unroll', 3), 1e-5, 'scan')
})
