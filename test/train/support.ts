/** Small runs of training, for tests of the loop. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { parseModelConfig, type ModelConfig } from '../../src/config/index.js'
import { datasetFiles, openDataset, readDatasetConfig, type Dataset } from '../../src/data/index.js'
import { readMetrics, train, type Metrics, type TrainEvent, type TrainOptions } from '../../src/train/index.js'
import { makeWorld, TINY } from '../cli/world.js'
import { engine } from '../tensor/check.js'

export interface World {
  readonly folder: string
  readonly samples: Dataset
  readonly validation: Dataset
  config(changes?: Record<string, unknown>): ModelConfig
  /** Trains in a folder of this name and gives what happened; `onEvent` may abort. */
  run(name: string, options?: RunOptions): Promise<TrainEvent[]>
  path(...parts: string[]): string
}

export interface RunOptions extends Partial<Omit<TrainOptions, 'config'>> {
  readonly config?: Record<string, unknown>
  readonly onEvent?: (event: TrainEvent) => void
}

let made: Promise<World> | undefined
after(async () => {
  const { samples, validation, folder }: Partial<World> = (await made) ?? {}
  samples?.close()
  validation?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** The data that the tests of a file share, with a compile cache of their own; gone after them. */
export function world(): Promise<World> {
  return (made ??= makeTrainingWorld())
}

async function makeTrainingWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-train-'))
  process.env.NEOMESH_CACHE = join(folder, 'cache')
  await makeWorld(folder)
  const dataset = await readDatasetConfig(join(folder, 'data/dataset.json'))
  const samples = await openDataset({ path: await datasetFiles(dataset, 'path') })
  const validation = await openDataset({ path: await datasetFiles(dataset, 'eval_path') })
  const config = (changes: Record<string, unknown> = {}) =>
    parseModelConfig({ ...TINY, train_steps: 12, ...changes }, 'test').config
  return {
    folder,
    samples,
    validation,
    config,
    path: (...parts) => join(folder, ...parts),
    async run(name, { config: changes, onEvent, ...options } = {}) {
      const run = join(folder, name)
      const events: TrainEvent[] = []
      const given = { engine: await engine(), config: config(changes), run, data: samples, validation, ...options }
      for await (const event of train(given)) {
        events.push(event)
        onEvent?.(event)
      }
      return events
    },
  }
}

export function only<K extends TrainEvent['kind']>(events: readonly TrainEvent[], kind: K) {
  return events.filter((event): event is Extract<TrainEvent, { kind: K }> => event.kind === kind)
}

/** Two runs ended with the same bytes in their last checkpoints, and the same metrics but for the rates. */
export async function assertSameRuns(first: string, second: string): Promise<void> {
  const checkpoint = (run: string) => join(run, 'checkpoints', readdirSync(join(run, 'checkpoints')).sort().at(-1)!)
  const [a, b] = [checkpoint(first), checkpoint(second)]
  assert.deepEqual(readdirSync(b).sort(), readdirSync(a).sort())
  for (const name of readdirSync(a)) assert.ok(readFileSync(join(a, name)).equals(readFileSync(join(b, name))), name)
  const metrics = async (run: string) => (await readMetrics(join(run, 'metrics.jsonl'))).map(withoutTimes)
  assert.deepEqual(await metrics(second), await metrics(first))
}

/** What a line of metrics states beside what the clock decides. */
export function withoutTimes({
  tokens_per_second: _,
  checkpoint_stall_seconds: __,
  checkpoint_write_seconds: ___,
  ...line
}: Metrics) {
  return line
}
