import { Command, Option } from 'commander'
import { ConfigError, parseModelConfig, readModelConfig, type ModelConfig } from '../config/index.js'
import { openModel } from '../convert/index.js'
import { openSplits } from '../data/index.js'
import type { Engine } from '../engine/index.js'
import { basename, dirname, isFile, join } from '../files/index.js'
import type { LayerMode } from '../model/index.js'
import {
  configOfLayers,
  EPOCHS,
  fineTuningConfig,
  forEpochs,
  HostError,
  lastCheckpoint,
  openCheckpoint,
  train,
  type TrainEvent,
} from '../train/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { joinHosts, withHosts, type HostOptions } from './hosts.js'
import { report, UsageError } from './errors.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { deviceCountOf, meshKeys, onMesh, withMesh, type MeshOptions } from './mesh.js'
import { integerOption, parseOverride } from './options.js'
import { showTraining } from './training-progress.js'

interface Options extends EngineOptions, MeshOptions, HostOptions {
  run: string
  data?: string
  from?: string
  resize?: boolean
  fromLayers?: number[]
  override?: Record<string, unknown>
  steps?: number
  batch?: number
  evaluateEvery: number
  layers?: LayerMode
  seed?: number
  precision?: ModelConfig['precision']
}

export function trainCommand(): Command {
  const precision = new Option('--precision <type>', 'override precision')
  const layers = new Option(
    '--layers <mode>',
    'compile each layer (unroll) or one layer in a loop (scan; the default above 16 layers)',
  )
  const command = withEngine(
    new Command('train')
      .description('train or fine-tune a model, resuming an interrupted run')
      .argument(
        '[config]',
        "model config, such as configs/models/demo.json (default: the run's; with --from the model's, to be fine-tuned)",
      )
      .requiredOption(
        '-r, --run <folder>',
        'run folder: checkpoints, metrics.jsonl, config.json; an existing run is resumed, also with other settings (required)',
      )
      .option(
        '-d, --data <config>',
        'data set config, or a folder written by `neomesh data prepare` (default: "datasets" of the config)',
      )
      .option(
        '--from <model>',
        'begin from the weights of a run, a checkpoint, a Hugging Face folder or a TensorFlow checkpoint',
      )
      .option('--resize', 'with --from: extend or cut tables for another n_vocab, n_ctx or kind of positions')
      .option('--from-layers <indices>', 'with --from: layers to take, from 0, such as 0,1,1,2', parseLayers)
      .option('--override <key=value>', 'override a key of the config, such as lr=1e-4; repeatable', parseOverride)
      .option('--steps <count>', 'override train_steps', integerOption(1))
      .option('--batch <sequences>', 'override train_batch_size', integerOption(1))
      .option('--seed <number>', 'override seed', integerOption(0))
      .addOption(precision.choices(['float32', 'bfloat16']))
      .option('--evaluate-every <steps>', 'validate every N steps (0: at the end only)', integerOption(0), 0)
      .addOption(layers.choices(['unroll', 'scan']))
      .option(
        '--compiled <file>',
        'the training step compiled by `neomesh plan --save-executable` for this slice (with --layers scan)',
      )
      .action(async (path: string | undefined, options: Options) => {
        const { config, source, epochs } = await configOf(path, options)
        const { run, data, evaluateEvery, layers: mode, from, resize, fromLayers } = options
        const cluster = await joinHosts(options)
        const keyValues = cluster ?? undefined
        const devices = await openEngine({ ...options, keyValues }, deviceCountOf(options, config))
        try {
          const engine = onMesh(devices, config, options)
          await runTraining({
            engine,
            config,
            source,
            run,
            data,
            from,
            resize,
            fromLayers,
            epochs,
            evaluateEvery,
            layers: mode,
            resumeCommand: null,
          })
          // After an error the others hear that this host is lost, and end, too.
          await cluster?.leave()
        } catch (error) {
          if (!(error instanceof HostError)) throw error
          // The devices wait for a process that is gone, so that closing them may never end.
          report(error)
          process.exit(1)
        } finally {
          await devices.close()
        }
      }),
  )
  return withHosts(withMesh(command))
}

/** Layer indices separated by commas. */
function parseLayers(text: string): number[] {
  const parse = integerOption(0)
  return text.split(',').map((each) => parse(each))
}

interface GivenConfig {
  readonly config: ModelConfig
  /** Where it comes from, for errors and reports. */
  readonly source: string
  /** Passes over the data that decide train_steps, if nothing else does. */
  readonly epochs?: number
}

/** The config of a file, of the run, or of the model to begin from, with the keys that the options override. */
async function configOf(path: string | undefined, options: Options): Promise<GivenConfig> {
  const { steps, batch, seed, precision, override = {}, run, from, fromLayers } = options
  const changes = {
    ...override,
    train_steps: steps ?? override.train_steps,
    precision: precision ?? override.precision,
  }
  const all: Record<string, unknown> = {
    ...changes,
    train_batch_size: batch ?? override.train_batch_size,
    seed: seed ?? override.seed,
    ...withoutUndefined(meshKeys(options)),
  }
  if (path !== undefined) {
    const { config, notes } = await readModelConfig(path, { purpose: 'train', changes: all })
    for (const note of notes) process.stderr.write(`${note}\n`)
    return { config, source: path }
  }
  const model = (await lastCheckpoint(run)) ?? from
  if (model === undefined)
    throw new UsageError(
      `a config must be given for a new run (got none, and no checkpoint in ${run}). Name one, or begin from a model with --from`,
    )
  if (model !== from) {
    const checkpoint = await openCheckpoint(model, { verify: false })
    await checkpoint.close()
    return { config: parsed(checkpoint.config, model, all), source: model }
  }
  const opened = await openModel(model)
  await opened.close()
  const own = configOfLayers(opened.config, fromLayers, opened.folder)
  const recipe = fineTuningConfig(own, 1, { train_batch_size: 8, ...withoutUndefined(all) } as Partial<ModelConfig>)
  return { config: parsed(recipe, from, all), source: from, epochs: all.train_steps === undefined ? EPOCHS : undefined }
}

/** A whole config with some keys overridden. */
function parsed(config: ModelConfig, source: string, changes: Record<string, unknown>): ModelConfig {
  return parseModelConfig(JSON.parse(JSON.stringify(config)), source, { purpose: 'train', changes }).config
}

function withoutUndefined<T extends object>(of: T): Partial<T> {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as Partial<T>
}

export interface RunTraining {
  readonly engine: Engine
  readonly config: ModelConfig
  /** Path of the model config, for errors and for data sets named in it. */
  readonly source: string
  readonly run: string
  readonly data?: string
  /** The model that a new run begins from, and how its weights are adapted. */
  readonly from?: string
  readonly resize?: boolean
  readonly fromLayers?: readonly number[]
  /** Passes over the data that decide train_steps and the warm-up. */
  readonly epochs?: number
  readonly evaluateEvery?: number
  readonly layers?: LayerMode
  /** Command that resumes the run, for the message after an interrupt; null: the same command. */
  readonly resumeCommand: string | null
}

/** Trains with progress shown; Ctrl-C saves and prints how to resume. Returns whether training was completed. */
export async function runTraining(options: RunTraining): Promise<boolean> {
  const { engine, config: given, source, run, evaluateEvery, layers, resumeCommand } = options
  const { from, resize, fromLayers } = options
  const shape = { contextLength: given.n_ctx, vocabularySize: given.n_vocab }
  const splits = await openSplits(await datasetConfigFile(given, source, options.data), shape)
  const { samples, validation, tokenizer } = splits
  const config = options.epochs === undefined ? given : forEpochs(given, options.epochs, samples.size)
  const devices = engine.placement?.mesh.size ?? 1
  const about = { engine: engine.description, devices, source: basename(source), sequences: samples.size }
  const progress = showTraining({ config, run, resumeCommand, ...about })
  const { signal, done } = interruptible(progress.interrupted)
  try {
    const data = { data: samples, validation, tokenizer, from, resize, fromLayers }
    const events = train({ engine, config, run, eosId: splits.eosId, ...data, evaluateEvery, layers, signal })
    if (engine.process.index > 0) return await withoutProgress(events)
    await progress.follow(events)
    return progress.finished()
  } finally {
    done()
    splits.close()
  }
}

/** Trains as one of several processes, of which the first one reports. Returns whether training was completed. */
async function withoutProgress(events: AsyncGenerator<TrainEvent>): Promise<boolean> {
  let finished = false
  for await (const event of events) if (event.kind === 'end') finished = !event.interrupted
  if (!finished) process.exitCode = interruptedStatus()
  return finished
}

/** The data set config of a run: from --data, or from the config's "datasets". */
async function datasetConfigFile(config: ModelConfig, source: string, data?: string): Promise<string> {
  if (data !== undefined) return data.endsWith('.json') ? data : join(data, 'dataset.json')
  const [first, ...more] = config.datasets
  if (first === undefined)
    throw new ConfigError(`${source}: "datasets" must name a data set (got none). Name one there, or pass --data`)
  if (more.length > 0)
    throw new ConfigError(
      `${source}: "datasets" must name one data set (got ${more.length + 1}); several are not supported`,
    )
  const name = typeof first === 'string' ? first : first[0]
  const tried = [join(dirname(source), '..', 'datasets', `${name}.json`), join('configs', 'datasets', `${name}.json`)]
  for (const file of tried) if (await isFile(file)) return file
  throw new ConfigError(
    `${source}: data set "${name}" must have a config, ${tried[0]} or ${tried[1]} (neither exists). ` +
      'Write one, or pass --data',
  )
}
