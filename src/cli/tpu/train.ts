import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import {
  attachTpu,
  CloudError,
  dryTrain,
  FACTS_AS_OF,
  offerFor,
  trainOnTpu,
  type Offer,
  type TrainedOnTpu,
  type TrainOnTpuOptions,
} from '../../cloud/index.js'
import { readModelConfig } from '../../config/index.js'
import { resolve } from '../../files/index.js'
import { bytes, fixed } from '../../text/index.js'
import { withMesh, meshKeys, type MeshOptions } from '../mesh.js'
import { integerOption, numberOption, parseOverride } from '../options.js'
import { print } from './create.js'
import { tpuOptionsOf, withCreation, withProject, type CreationOptions, type PlaceOptions } from './options.js'
import { stopSignals } from './signals.js'

interface Options extends CreationOptions, MeshOptions {
  readonly run: string
  readonly data: string
  readonly name?: string
  readonly override?: Record<string, unknown>
  readonly steps?: number
  readonly evaluateEvery?: number
  readonly maxCost?: number
  readonly keep?: true
  readonly yes?: true
}

export function tpuTrainCommand(): Command {
  const command = withCreation(
    new Command('train')
      .description('train on a TPU that is created for it and deleted afterwards; resumes after preemption')
      .argument('<config>', 'model config, such as configs/models/gpt3_XL.json')
      .requiredOption(
        '-r, --run <folder>',
        'run folder: gs://BUCKET/PATH, or an absolute path that all workers have (required)',
      )
      .requiredOption(
        '-d, --data <folder>',
        'data set: gs://BUCKET/PATH, or a local folder, which is copied (required)',
      )
      .option('--name <name>', 'name of the run, for its labels (default: made from that of the run folder)')
      .option('--override <key=value>', 'override a key of the config, such as lr=1e-4; repeatable', parseOverride)
      .option('--steps <count>', 'override train_steps', integerOption(1))
      .option('--evaluate-every <steps>', 'validate every N steps (0: at the end only)', integerOption(0))
      .option(
        '--max-cost <USD>',
        'US dollars after which everything is deleted',
        numberOption(0, Infinity, { exclude: 0 }),
      )
      .option('--keep', 'keep the TPU at the end, until its time limit')
      .option('-y, --yes', 'do not ask'),
  )
  return withMesh(command).action(run)
}

async function run(path: string, options: Options): Promise<void> {
  const changes = {
    ...options.override,
    ...(options.steps !== undefined && { train_steps: options.steps }),
    ...definedOf(meshKeys(options)),
  }
  const { config, notes } = await readModelConfig(path, { purpose: 'train', changes })
  // The mesh is checked against the type.
  for (const note of notes.filter((each) => !each.includes('mesh_shape: it is for'))) process.stderr.write(`${note}\n`)
  const { signal, detach, done } = stopSignals()
  const training: TrainOnTpuOptions = {
    ...(await tpuOptionsOf(options)),
    config,
    run: options.run.includes('://') ? options.run : resolve(options.run),
    data: options.data,
    name: options.name,
    project: options.project,
    maxCost: options.maxCost,
    waitMinutes: options.wait,
    keep: options.keep,
    args: options.evaluateEvery === undefined ? [] : ['--evaluate-every', String(options.evaluateEvery)],
    confirm: (offer) => confirm(offer, options),
    onEvent: print,
    signal,
    detach,
  }
  try {
    if (options.dryRun) {
      process.stdout.write(`${describeOffer(await offerFor(training), options)}\n\n${await dryTrain(training)}`)
      return
    }
    report(await trainOnTpu(training))
  } catch (error) {
    stopped(error, signal)
  } finally {
    done()
  }
}

export function attachCommand(): Command {
  return withProject(
    new Command('attach')
      .description('follow a run that another process began, to its end')
      .argument('[run]', 'name of the run (default: the only one that is not finished)'),
  ).action(async (id: string | undefined, _: PlaceOptions) => {
    const { signal, detach, done } = stopSignals()
    try {
      report(await attachTpu({ id, onEvent: print, signal, detach }))
    } catch (error) {
      stopped(error, signal)
    } finally {
      done()
    }
  })
}

/** After Ctrl-C everything is deleted, and the run folder has the last checkpoint; another error is thrown on. */
function stopped(error: unknown, { aborted }: AbortSignal): void {
  if (!aborted || !(error instanceof Error && error.name === 'AbortError')) throw error
  process.stderr.write('stopped. To resume from the last checkpoint, run the train command again\n')
}

function report({ outcome, id, run, cost }: TrainedOnTpu): void {
  if (outcome === 'detached')
    process.stderr.write(`detached; training continues. To follow it: neomesh tpu attach ${id}\n`)
  else process.stdout.write(`${run}\ncost: at most ${fixed(cost, 2)} USD\n`)
}

/** The plan and the price in words. */
function describeOffer({ plan, workers, pricePerHour, maxHours, maxCost }: Offer, { spot }: Options): string {
  const { hardware, estimate, step } = plan
  return [
    `${hardware.name}: ${hardware.devices} devices, ${workers === 1 ? '1 worker' : `${workers} workers`}`,
    `a step needs ${bytes(estimate.memory.total)} of ${hardware.memory === null ? '?' : bytes(hardware.memory)} per device${step ? `, and about ${fixed(step.seconds, 3)} s (both estimated)` : ''}`,
    `price: about ${fixed(pricePerHour, 2)} USD per hour on demand (${FACTS_AS_OF})${spot ? '; spot costs less' : ''}; at most ${fixed(maxHours, 2)} h and ${fixed(maxCost, 2)} USD`,
  ].join('\n')
}

async function confirm(offer: Offer, options: Options): Promise<boolean> {
  process.stderr.write(`${describeOffer(offer, options)}\n`)
  if (options.yes) return true
  if (!process.stdin.isTTY)
    throw new CloudError(
      'usage',
      'renting a TPU must be confirmed (standard input is not a terminal). Run it with --yes',
    )
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^(y|yes)$/i.test((await prompt.question('Create it? [y/N] ')).trim())
  } finally {
    prompt.close()
  }
}

function definedOf<T extends object>(of: T): Partial<T> {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as Partial<T>
}
