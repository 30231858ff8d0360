/** Learning rates as recorded, and initial parameters with the recorded spread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseModelConfig } from '../../src/config/index.js'
import type { DeviceArray } from '../../src/engine/index.js'
import { readJson } from '../../src/files/index.js'
import { modelOf, parametersOf } from '../../src/model/index.js'
import { dim, literal, scan, type Tensor, type Value } from '../../src/tensor/index.js'
import { initialise } from '../../src/train/initialise.js'
import { variablesOf } from '../../src/train/parameters.js'
import { learningRate } from '../../src/train/schedule.js'
import { fixture } from '../model/goldens.js'
import { configOf } from '../model/support.js'
import { engine, evaluate } from '../tensor/check.js'

interface Schedule {
  readonly lr_decay: string | null
  readonly steps: readonly number[]
  readonly learning_rate: readonly number[]
}

test('learning rates of all recorded schedules, to 1e-6', async () => {
  const { schedules } = (await readJson(fixture('goldens/schedules.json'))) as { schedules: Schedule[] }
  assert.equal(schedules.length, 9)
  for (const { lr_decay, steps, learning_rate: wanted, ...rest } of schedules) {
    const config = configOf({ ...rest, compat: 'gpt-neo', ...(lr_decay !== null && { lr_decay }) })
    const along = dim('steps', steps.length)
    const [{ values }] = await evaluate(() => {
      const [, rates] = scan(
        along,
        [] as Tensor[],
        literal([along], steps, 'i32') as Tensor,
        (carry, step) => [carry, learningRate(step as unknown as Tensor<never>, config) as Value] as const,
      )
      return [rates]
    }, [])
    values.forEach((rate, i) =>
      assert.ok(
        Math.abs(rate - wanted[i]) <= 1e-6 * wanted[i],
        `${lr_decay} at step ${steps[i]}: ${rate}, recorded ${wanted[i]}`,
      ),
    )
  }
})

interface Initial {
  readonly case: string
  readonly config: Record<string, unknown>
  readonly variables: readonly {
    name: string
    dims: [string, number][]
    mean: number
    std: number
    max_abs_over_std: number | null
  }[]
}

test("initial parameters: names, shapes and spread of the original's", async () => {
  const { cases } = (await readJson(fixture('goldens/initializers.json'))) as { cases: Initial[] }
  for (const { case: name, config: given, variables } of cases) {
    const { config } = parseModelConfig(given)
    const specs = parametersOf(modelOf(config, { batch: 1 }), 'scan')
    const arrays = await initialise(await engine(), specs, 3)
    const found = new Map<string, { shape: readonly number[]; data: Float32Array }>()
    for (const spec of specs)
      for (const variable of variablesOf(spec, null, await (arrays[spec.name] as DeviceArray).read()))
        found.set(variable.name, variable)
    assert.deepEqual([...found.keys()].sort(), variables.map((variable) => variable.name).sort(), name)
    for (const { name: variable, dims, mean, std, max_abs_over_std: reach } of variables) {
      const { shape, data } = found.get(variable)!
      // A scalar of the original has no dims; its gains are such.
      assert.deepEqual(
        [...shape],
        dims.map(([, size]) => size),
        `${name}: ${variable}`,
      )
      const ours = data.reduce((sum, x) => sum + x, 0) / data.length
      const spread = Math.sqrt(data.reduce((sum, x) => sum + (x - ours) ** 2, 0) / data.length)
      // Both are single draws: their standard errors are std / sqrt(n) and std / sqrt(2 n).
      const noise = (5 * Math.SQRT2 * std) / Math.sqrt(data.length) + 1e-7
      assert.ok(Math.abs(ours - mean) <= noise, `${name}: ${variable} has mean ${ours}, recorded ${mean}`)
      assert.ok(Math.abs(spread - std) <= noise, `${name}: ${variable} has std ${spread}, recorded ${std}`)
      if (reach === null || reach > 2.5) continue
      assert.ok(
        data.every((x) => Math.abs(x) <= 2.3 * std),
        `${name}: ${variable} is not cut at two standard deviations`,
      )
    }
    for (const array of Object.values(arrays)) array.dispose()
  }
})
