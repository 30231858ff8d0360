/**
 * A process of a run of several, for tests: `host.js WORLD RUN PROCESS PROCESSES STEPS`. XLA's CPU plugin has no collectives
 * between processes, so each has all devices and computes everything, and acts as one of the processes in all else.
 */
import { openXla } from '../../src/engine/index.js'
import { parseModelConfig } from '../../src/config/index.js'
import { datasetFiles, openDataset, readDatasetConfig } from '../../src/data/index.js'
import { endWithParent, join, PARENT } from '../../src/files/index.js'
import { parsePlacement } from '../../src/mesh/index.js'
import { train } from '../../src/train/index.js'
import { TINY } from '../cli/world.js'

await endWithParent(Number(process.env[PARENT]))
const [world, run, ...numbers] = process.argv.slice(2)
const [index, count, train_steps] = numbers.map(Number)
const devices = 4
const engine = (await openXla({ deviceCount: devices }))
  .withPlacement(parsePlacement('x:2,y:2', 'batch:x,heads:y,vocab:y', 'embd:x'))
  .asProcess([0, 1, 2, 3], { index, count, owns: (device) => Math.floor((device * count) / devices) === index })
const dataset = await readDatasetConfig(join(world, 'data/dataset.json'))
const data = await openDataset({ path: await datasetFiles(dataset, 'path') })
const settings = { train_steps, steps_per_checkpoint: 10, train_batch_size: 4, eval_steps: 1, keep_checkpoint_best: 1 }
const { config } = parseModelConfig({ ...TINY, ...settings }, 'test')
const controller = new AbortController()
process.on('SIGTERM', () => controller.abort())
try {
  const hosts = { heartbeat: 200, expiry: 15_000, join: 120_000 }
  const { signal } = controller
  for await (const event of train({ engine, config, run, data, validation: data, evaluateEvery: 7, hosts, signal }))
    if (event.kind === 'checkpoint' || event.kind === 'end') console.log(`${event.kind} ${event.step}`)
  data.close()
  await engine.close()
} catch (cause) {
  console.log(`${(cause as Error).name}: ${(cause as Error).message}`)
  process.exit(1)
}
