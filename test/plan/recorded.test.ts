/**
 * The plans in docs/plans hold what XLA said of each config when they were made. The estimate, made now, has to be near
 * it: state within 2%, all memory within 25%, flops within 5%.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readModelConfig } from '../../src/config/index.js'
import { hardwareOf, plan, type Plan } from '../../src/plan/index.js'

const folder = fileURLToPath(new URL('../../../docs/plans/', import.meta.url))
const names = readdirSync(folder).flatMap((file) => /^(.*)\.plan\.json$/.exec(file)?.[1] ?? [])

for (const name of names) {
  test(`${name}: the estimate is near what XLA said`, async () => {
    const recorded = JSON.parse(readFileSync(`${folder}${name}.plan.json`, 'utf8')) as Plan
    const { config } = await readModelConfig(`${folder}${name}.json`)
    const hardware = hardwareOf(recorded.hardware.name)
    const { estimate } = await plan(config, { hardware, compile: false })
    const { parameters, optimizer, inputs, total } = estimate.memory
    const { memory, flops } = recorded.xla!
    const near = (a: number, b: number, part: number, what: string) =>
      assert.ok(Math.abs(a / b - 1) < part, `${what}: ${a} by the estimate, ${b} by XLA`)
    near(parameters + optimizer + inputs, memory!.arguments, 0.02, 'arguments')
    near(total, memory!.total, 0.25, 'memory')
    near(estimate.flops.device, flops!, 0.05, 'flops of a device')
    near(estimate.flops.counted / recorded.hardware.devices, flops!, 0.05, 'flops by formula')
  })
}

test('there are plans', () => assert.ok(names.length > 0, names.join()))
