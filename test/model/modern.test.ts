/** Whole tiny models of Hugging Face transformers, recorded by test/reference/make_modern_fixtures.py: equal logits. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseModelConfig } from '../../src/config/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { openHost } from '../../src/engine/host/engine.js'
import { GptNeo, type Parameters, type Positions } from '../../src/model/index.js'
import { dim, type Tensor } from '../../src/tensor/index.js'

interface Recorded {
  readonly ids: readonly (readonly number[])[]
  readonly models: Readonly<Record<string, { config: object; weights: Record<string, number[]>; logits: number[] }>>
}
const path = fileURLToPath(new URL('../../../test/fixtures/reference/modern.json', import.meta.url))
const { ids, models } = JSON.parse(readFileSync(path, 'utf8')) as Recorded

type Ids = Tensor<'batch' | 'sequence'>

for (const [name, { config, weights, logits }] of Object.entries(models))
  test(`${name}: the logits of transformers, by one pass and token by token`, async () => {
    const on = openHost()
    const model = new GptNeo(parseModelConfig(config).config)
    assert.deepEqual(model.specs.map((spec) => spec.name).sort(), Object.keys(weights).sort())
    const parameters = Object.fromEntries(
      model.specs.map((spec) => [
        spec.name,
        DeviceArray.from(on, Float32Array.from(weights[spec.name]), spec.dims, 'f32'),
      ]),
    )
    const batch = dim('batch', ids.length)
    const length = ids[0].length
    const tokens = (from: number, to: number) => {
      const values = Int32Array.from(ids.flatMap((row) => row.slice(from, to)))
      return DeviceArray.from(on, values, [batch, dim('sequence', to - from)], 'i32')
    }
    const scale = Math.max(...logits.map(Math.abs))
    const { n_vocab } = model.config
    const compare = (found: Float32Array, positions: readonly number[]) => {
      const wanted = ids.flatMap((_, row) =>
        positions.flatMap((at) => logits.slice((row * length + at) * n_vocab, (row * length + at + 1) * n_vocab)),
      )
      assert.equal(found.length, wanted.length)
      found.forEach((x, i) => assert.ok(Math.abs(x - wanted[i]) <= 1e-5 * scale, `${i}: ${x}, wanted ${wanted[i]}`))
    }
    const pass = jit(on, (p: Parameters, x: Ids) => model.logits(p, x))
    compare(await (await pass(parameters, tokens(0, length))).readFloats(), [...ids[0].keys()])

    const scalar = (value: number) => DeviceArray.from(on, Int32Array.of(value), [], 'i32')
    const start = jit(on, (p: Parameters, x: Ids, at: Positions) => model.prefill(p, x, at, length))
    const step = jit(on, (p: Parameters, x: Ids, caches: never, position: Positions) =>
      model.decodeStep(p, x, { caches, position }),
    )
    let state = await start(parameters, tokens(0, 5), scalar(5))
    for (let at = 5; at <= length; at++) {
      compare(await state.logits.readFloats(), [at - 1])
      if (at < length) state = await step(parameters, tokens(at, at + 1), state.caches as never, scalar(at))
    }
  })
