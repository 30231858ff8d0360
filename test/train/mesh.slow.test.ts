/** Training over 8 virtual devices: the numbers of one device, and the collectives that a layout should have. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import type { ModelConfig } from '../../src/config/index.js'
import { openXla, type Engine, type XlaEngine } from '../../src/engine/index.js'
import { compileCached } from '../../src/engine/xla/cache.js'
import { collectivesOf } from '../../src/plan/hlo/collectives.js'
import { executionsOf } from '../../src/plan/hlo/executions.js'
import { readHlo } from '../../src/plan/hlo/module.js'
import { lowerStep, Trainer, variablesOf } from '../../src/train/index.js'
import { QUICKLY } from '../engine/xla/flags.js'
import { placementFor } from '../mesh/support.js'
import { fixture } from '../model/goldens.js'
import { numbers } from '../tensor/check.js'
import { meshCases } from './mesh-cases.js'

/** All flags that the engine compiles with, so that the cache has its programs. */
const FLAGS = { xla_allow_excess_precision: false, ...QUICKLY }

const devices: Promise<XlaEngine> = openXla({ deviceCount: 8, flags: FLAGS })
after(async () => (await devices).close())

const STEPS = 5
/** Relative to the norm of each variable: what adding up in another order makes of f32 through Adam. */
const TOLERANCE = 1e-5

interface Run {
  readonly losses: readonly number[]
  readonly parameters: ReadonlyMap<string, Float32Array>
}

async function train(engine: Engine, config: ModelConfig): Promise<Run> {
  const trainer = new Trainer(engine, config, 'scan')
  try {
    await trainer.initialise()
    const losses: number[] = []
    for (let step = 0; step < STEPS; step++) {
      const next = numbers(step + 1)
      const ids = Int32Array.from({ length: config.train_batch_size * (config.n_ctx + 1) }, () =>
        Math.floor(next() * config.n_vocab),
      )
      const metrics = await trainer.trainOn(ids)
      losses.push(await metrics.loss.readScalar())
    }
    const parameters = new Map<string, Float32Array>()
    for (const spec of trainer.specs)
      for (const { name, data } of variablesOf(spec, null, await trainer.parameters[spec.name].read()))
        parameters.set(name, data)
    return { losses, parameters }
  } finally {
    trainer.dispose()
  }
}

function distance(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length)
  let [difference, norm] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    difference += (a[i] - b[i]) ** 2
    norm += a[i] ** 2
  }
  return Math.sqrt(difference / Math.max(norm, 1e-30))
}

const recorded = fixture('mesh/collectives.json')
const update = process.env.UPDATE_FIXTURES === '1'
const golden = JSON.parse(readFileSync(recorded, 'utf8')) as Record<string, Record<string, number>>

for (const [name, changes] of Object.entries(meshCases)) {
  test(`${name}: ${changes.mesh_shape} by ${changes.layout}`, async () => {
    const engine = await devices
    const batch = { train_batch_size: 8, lr: 6e-4, epsilon: 1e-6 }
    const { config, placement } = placementFor({ ...batch, ...changes })
    const one = await train(engine, config)
    const many = await train(engine.withPlacement(placement), config)
    many.losses.forEach((loss, i) => assert.ok(Math.abs(loss / one.losses[i] - 1) < TOLERANCE, `loss ${i}: ${loss}`))
    for (const [variable, data] of many.parameters) {
      const off = distance(one.parameters.get(variable)!, data)
      assert.ok(off < TOLERANCE, `${variable} is off by ${off}`)
    }

    const { print, partitions } = lowerStep(config, placement)
    const { text } = print()
    const deviceAssignment = engine.client.devices.map(({ id }) => id)
    const { executable } = await compileCached(engine.client, text, { partitions, deviceAssignment, overrides: FLAGS })
    const found = collectivesOf(executionsOf(readHlo(executable.optimizedProgram())), placement.mesh.axes)
    executable.dispose()
    const counts = Object.fromEntries(found.map(({ kind, axes, count }) => [`${kind} ${axes}`, count]))
    if (!update) return assert.deepEqual(counts, golden[name])
    golden[name] = counts
    writeFileSync(recorded, `${JSON.stringify(golden, null, 1)}\n`)
  })
}
