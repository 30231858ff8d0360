/** A small model and data for training on the stand-in, the commands of a user, and the run without a TPU to compare with. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { findPlugin } from '../../src/engine/index.js'
import { runThere, type Watched } from '../cli/run-here.js'
import { makeWorld } from '../cli/world.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import type { StandInScript } from '../../src/cloud/stand-in/state.js'
import { cloudWorld } from './world.js'

/** For the eight devices of v5litepod-8. */
const EIGHT = {
  mesh_shape: 'x:8',
  layout: 'batch:x',
  train_batch_size: 8,
  eval_batch_size: 8,
  n_layer: 1,
  attention_types: [[['global'], 1]],
}

export async function trainingWorld(
  test: TestContext,
  changes: Record<string, unknown> = {},
  script: Partial<StandInScript> = {},
  bucket?: string,
) {
  const plugin = findPlugin('cpu').path
  // Workers share what XLA has compiled.
  const workerEnvironment = {
    PJRT_PLUGIN_LIBRARY_PATH: plugin,
    NEOMESH_CACHE: join(temporaryFolder(test), 'compiled'),
    ...storageOf(bucket),
  }
  const { cloud, service, folder } = await cloudWorld(test, { script, workerEnvironment })
  await makeWorld(folder, { ...EIGHT, ...changes })
  const environment = { ...cloud.environment, HOME: folder, NEOMESH_CACHE: join(folder, 'cache') }
  const at = (...path: string[]) => join(folder, ...path)
  const run = bucket === undefined ? at('run') : `gs://${bucket}/run`
  const data = bucket === undefined ? at('data') : `gs://${bucket}/data`
  const train = ['tpu', 'train', at('model.json'), '--tpu', 'v5litepod-8', '--run', run, '--data', data, '--yes']
  return {
    cloud,
    service,
    folder,
    run,
    environment,
    /** Arguments of `neomesh tpu train`. */
    train: [...train, '--name', 'tiny', '--zones', 'us-west4-a,us-central1-a,us-south1-a'],
    neomesh: (args: readonly string[], watched: Watched = {}) =>
      runThere(args, { ...watched, env: { ...environment, ...watched.env } }),
    /** The same for a run of another name. */
    trainAs: (name: string) =>
      [...train, '--name', name, '--zone', 'us-west4-a'].map((each) => (each === run ? at(name) : each)),
    /** What the state file of a run holds; empty if there is none. */
    stateText(name = 'tiny'): string {
      const file = at('cache', 'tpu', `${name}.json`)
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
    /** Steps whose checkpoints are complete. */
    steps: () => stepsOf(run),
    /** Trains without a TPU and without interruptions, into another folder. */
    async uninterrupted(): Promise<string> {
      const other = at('uninterrupted')
      const args = ['train', at('model.json'), '--data', at('data'), '--run', other, '--mesh', 'x:8']
      const { code, stderr } = await runThere(args, { env: workerEnvironment })
      if (code !== 0) throw new Error(stderr)
      return other
    },
  }
}

/** The variable that names the stand-in of Google Cloud Storage, for a bucket. */
function storageOf(bucket: string | undefined): Record<string, string> {
  return bucket === undefined ? {} : { STORAGE_EMULATOR_HOST: process.env.STORAGE_EMULATOR_HOST! }
}

function stepsOf(run: string): number[] {
  try {
    return readdirSync(join(run, 'checkpoints'))
      .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
  } catch {
    return []
  }
}

/** The bytes of the last checkpoint's variables and of its optimizer, by file. */
export function lastVariables(run: string): Record<string, string> {
  const folder = join(run, 'checkpoints', `step-${String(stepsOf(run).at(-1)).padStart(8, '0')}`)
  const files = readdirSync(folder).filter((name) => name.endsWith('.safetensors'))
  if (files.length === 0) throw new Error(`no variables in ${folder}`)
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(folder, name)).toString('base64')]))
}
