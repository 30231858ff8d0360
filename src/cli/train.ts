import { Command, Option } from 'commander'
import { ConfigError, readModelConfig, type ModelConfig } from '../config/index.js'
import { openSplits } from '../data/index.js'
import type { Engine } from '../engine/index.js'
import { basename, dirname, isFile, join } from '../files/index.js'
import type { LayerMode } from '../model/index.js'
import { train } from '../train/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptible } from './interrupt.js'
import { deviceCountOf, meshKeys, onMesh, withMesh, type MeshOptions } from './mesh.js'
import { integerOption } from './options.js'
import { showTraining } from './training-progress.js'

interface Options extends EngineOptions, MeshOptions {
  run: string
  data?: string
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
      .description('train a model, resuming an interrupted run')
      .argument('<config>', 'model config, such as configs/models/demo.json')
      .requiredOption('-r, --run <folder>', 'run folder: checkpoints, metrics.jsonl, config.json (required)')
      .option(
        '-d, --data <config>',
        'data set config, or a folder written by `neomesh data prepare` (default: "datasets" of the config)',
      )
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
      .action(async (path: string, options: Options) => {
        const config = await configOf(path, options)
        const { run, data, evaluateEvery, layers: mode } = options
        const devices = await openEngine(options, deviceCountOf(options, config))
        try {
          const engine = onMesh(devices, config, options)
          await runTraining({
            engine,
            config,
            source: path,
            run,
            data,
            evaluateEvery,
            layers: mode,
            resumeCommand: null,
          })
        } finally {
          await devices.close()
        }
      }),
  )
  return withMesh(command)
}

/** The config of a file, with the keys that the options override. */
async function configOf(path: string, options: Options): Promise<ModelConfig> {
  const { steps, batch, seed, precision } = options
  const changes = { train_steps: steps, train_batch_size: batch, seed, precision, ...meshKeys(options) }
  const { config, notes } = await readModelConfig(path, { purpose: 'train', changes })
  for (const note of notes) process.stderr.write(`${note}\n`)
  return config
}

export interface RunTraining {
  readonly engine: Engine
  readonly config: ModelConfig
  /** Path of the model config, for errors and for data sets named in it. */
  readonly source: string
  readonly run: string
  readonly data?: string
  readonly evaluateEvery?: number
  readonly layers?: LayerMode
  /** Command that resumes the run, for the message after an interrupt; null: the same command. */
  readonly resumeCommand: string | null
}

/** Trains with progress shown; Ctrl-C saves and prints how to resume. Returns whether training was completed. */
export async function runTraining(options: RunTraining): Promise<boolean> {
  const { engine, config, source, run, evaluateEvery, layers, resumeCommand } = options
  const shape = { contextLength: config.n_ctx, vocabularySize: config.n_vocab }
  const splits = await openSplits(await datasetConfigFile(config, source, options.data), shape)
  const { samples, validation, tokenizer } = splits
  const devices = engine.placement?.mesh.size ?? 1
  const about = { engine: engine.description, devices, source: basename(source), sequences: samples.size }
  const progress = showTraining({ config, run, resumeCommand, ...about })
  const { signal, done } = interruptible(progress.interrupted)
  try {
    const data = { data: samples, validation, tokenizer }
    await progress.follow(train({ engine, config, run, eosId: splits.eosId, ...data, evaluateEvery, layers, signal }))
    return progress.finished()
  } finally {
    done()
    splits.close()
  }
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
