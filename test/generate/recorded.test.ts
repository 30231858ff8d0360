/** Greedy continuations that the original gave. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseModelConfig } from '../../src/config/index.js'
import { openSafetensors, readJson } from '../../src/files/index.js'
import { generate, type LoadedModel } from '../../src/generate/index.js'
import { modelOf, parametersOf } from '../../src/model/index.js'
import { arrayFrom } from '../../src/train/parameters.js'
import { fixture } from '../model/goldens.js'
import { recordedStart } from '../parity/recorded-start.js'
import { engine } from '../tensor/check.js'

interface Recorded {
  readonly name: string
  readonly config: Record<string, any>
  readonly start: readonly number[]
  readonly error?: string
}

test('greedy continuations are those that the original recorded', async (t) => {
  const { cases } = (await readJson(fixture('goldens/sampling.json'))) as { cases: Recorded[] }
  const file = await openSafetensors(fixture('goldens/sampling.safetensors'))
  const ids = async (name: string) => {
    const {
      data,
      shape: [rows, width],
    } = await file.read(name)
    const all = new Int32Array(data.buffer, data.byteOffset, rows * width)
    return Array.from({ length: rows }, (_, r) => Array.from(all.slice(r * width, (r + 1) * width)))
  }
  // The ways of sampling that the original has besides its fast one give the same; ours is one.
  let compared = 0
  for (const { name, config: given, start, error } of cases.filter(
    (each) => !each.name.endsWith('_slow') || each.name === 'linear_slow',
  )) {
    if (error || name === 'remove_partial') continue
    await t.test(name, async () => {
      const { config } = parseModelConfig({ ...given, compat: 'gpt-neo' })
      const on = await engine()
      const specs = parametersOf(modelOf(config, { batch: 1 }), 'unroll')
      const parameters: Record<string, Awaited<ReturnType<typeof arrayFrom>>> = {}
      for (const spec of specs)
        parameters[spec.name] = await arrayFrom(on, spec, null, async (variable, shape) => {
          const values = recordedStart(variable, shape)
          return /\/(wte|wpe)$/.test(variable) ? values.map((x) => x * Math.fround(0.3)) : values
        })
      const model: LoadedModel = { engine: on, config, specs, parameters }
      const [inputs, outputs] = [await ids(`${name}/inputs`), await ids(`${name}/outputs`)]
      for (const [row, recorded] of outputs.entries()) {
        const end = recorded.findLastIndex((id) => id !== 0) + 1
        const wanted = recorded.slice(start[row], end)
        const found: number[] = []
        const options = { temperature: 0, maxTokens: wanted.length, stopIds: [given.eos_id] }
        for await (const [id] of generate(model, [inputs[row].slice(0, start[row])], options))
          if (id !== null) found.push(id)
        // The original goes on with a finished row until all rows are done.
        const stop = wanted.indexOf(given.eos_id)
        assert.deepEqual(found, stop < 0 ? wanted : wanted.slice(0, stop + 1), `row ${row}`)
        compared += found.length
      }
    })
  }
  assert.ok(compared > 400, `only ${compared} tokens were compared`)
  await file.close()
})
