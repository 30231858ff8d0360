/** What runs equals the plain reference of gpt-neo.ts: logits, loss and the gradient of every parameter. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import * as reference from '../../src/model/gpt-neo.js'
import { GptNeo, parametersOf, scopeOf, type Parameters, type ParameterSpec } from '../../src/model/index.js'
import { Scope } from '../../src/model/scope.js'
import * as transformer from '../../src/model/transformer.js'
import { dim, fill, trace, valueAndGrad, type Tensor } from '../../src/tensor/index.js'
import { engine, numbers } from '../tensor/check.js'
import { lively } from './support.js'

type Ids = Tensor<'batch' | 'sequence'>
const LENGTH = 23

const kinds = (...names: string[]) => ({ attention_types: [[names, 1]], n_layer: names.length })
for (const [name, changes] of Object.entries({
  'all kinds': {
    ...kinds('global', 'local', 'linear', 'none'),
    local_attention_radius: 5,
    n_ctx: LENGTH,
    z_loss: 0.01,
  },
  'released models': { ...kinds('global', 'local'), local_attention_radius: 256, n_ctx: LENGTH },
}))
  test(`${name}: logits, loss and gradients are those of the reference`, async () => {
    const { config, model, specs, parameters } = await lively(changes)
    const on = await engine()
    const shape = model.shape(2, LENGTH)
    const outcome = async (of: typeof reference | typeof transformer) => {
      const run = jit(on, (p: Parameters, ids: Ids, labels: Ids) => {
        const scope = (values: Parameters) => scopeOf(shape, specs, values, 'unroll')
        const [loss, gradients] = valueAndGrad((values: Parameters) => {
          const found = of.loss(scope(values), ids, labels, shape)
          return 'loss' in found ? found.loss : found
        })(p)
        return { logits: of.logits(scope(p), ids, shape), loss, gradients }
      })
      const next = numbers(4)
      const tokens = () =>
        DeviceArray.from(
          on,
          Int32Array.from({ length: 2 * LENGTH }, () => Math.floor(next() * config.n_vocab)),
          [dim('batch', 2), dim('sequence', LENGTH)],
          'i32',
        )
      const { logits, loss, gradients } = await run(parameters, tokens(), tokens())
      const named = Object.entries({ logits, loss, ...gradients })
      return new Map(await Promise.all(named.map(async ([key, x]) => [key, await x.readFloats()] as const)))
    }
    const [wanted, found] = [await outcome(reference), await outcome(transformer)]
    assert.deepEqual([...found.keys()], [...wanted.keys()])
    for (const [key, values] of wanted) {
      const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6)
      const off = found.get(key)!.reduce((most, x, i) => Math.max(most, Math.abs(x - values[i])), 0) / scale
      assert.ok(off < 5e-5, `${key} is off by ${off}`)
    }
  })

test('the reference asks for the parameters of a released model: names, shapes and initialisers', async () => {
  const { config } = await lively({ n_layer: 2 })
  const model = new GptNeo(config)
  const shape = model.shape(1, config.n_ctx)
  let asked: unknown
  trace(() => {
    const ids = fill([shape.batch, shape.sequence], 0, 'i32')
    asked = Scope.describe('f32', 'unroll', (at) => reference.logits(at, ids, shape), config.n_vocab)
    return []
  }, [])
  // Which dims products sum over is known of those that may have an adapter.
  const sorted = (specs: unknown) =>
    (specs as ParameterSpec[]).map(({ summed: _, ...spec }) => spec).toSorted((a, b) => a.name.localeCompare(b.name))
  assert.deepEqual(sorted(asked), sorted(parametersOf(shape, 'unroll')))
})
