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
import { whole } from './options.js'
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
  const precision = new Option('--precision <type>', "precision in place of the config's")
  const layers = new Option(
    '--layers <mode>',
    'a program part for each layer (unroll) or one for all (scan; the default above 16 layers)',
  )
  const command = withEngine(
    new Command('train')
      .description('train a model; a run that was interrupted goes on where it was')
      .argument('<config>', 'model config, such as configs/models/demo.json')
      .requiredOption('-r, --run <folder>', 'folder of the run: checkpoints, metrics.jsonl, config.json (required)')
      .option(
        '-d, --data <config>',
        'data set config, or the folder that `neomesh data prepare` made (default: ' + '"datasets" of the config)',
      )
      .option('--steps <count>', "train_steps in place of the config's", whole(1))
      .option('--batch <sequences>', "train_batch_size in place of the config's", whole(1))
      .option('--seed <number>', "seed in place of the config's", whole(0))
      .addOption(precision.choices(['float32', 'bfloat16']))
      .option(
        '--evaluate-every <steps>',
        'evaluate on the validation data after so many steps; 0: at the end',
        whole(0),
        0,
      )
      .addOption(layers.choices(['unroll', 'scan']))
      .option('--compiled <file>', 'the step as `neomesh plan --keep` compiled it for this slice (with --layers scan)')
      .action(async (path: string, options: Options) => {
        const config = await configOf(path, options)
        const { run, data, evaluateEvery, layers: mode } = options
        const devices = await openEngine(options, deviceCountOf(options, config))
        try {
          const engine = onMesh(devices, config, options)
          await runTraining({ engine, config, source: path, run, data, evaluateEvery, layers: mode, again: 'the same' })
        } finally {
          await devices.close()
        }
      }),
  )
  return withMesh(command)
}

/** The config of a file with the options in place of its keys. */
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
  /** Command that goes on with the run, for the message after an interrupt. */
  readonly again: string
}

/** Trains with progress shown; Ctrl-C saves and says how to go on. Returns whether training came to its end. */
export async function runTraining(options: RunTraining): Promise<boolean> {
  const { engine, config, source, run, evaluateEvery, layers, again } = options
  const shape = { contextLength: config.n_ctx, vocabularySize: config.n_vocab }
  const splits = await openSplits(await datasetConfigFile(config, source, options.data), shape)
  const { samples, validation, tokenizer } = splits
  const devices = engine.placement?.mesh.size ?? 1
  const about = { engine: engine.description, devices, source: basename(source), sequences: samples.size }
  const news = showTraining({ config, run, again, ...about })
  const { signal, done } = interruptible(news.interrupted)
  try {
    const data = { data: samples, validation, tokenizer }
    await news.follow(train({ engine, config, run, eosId: splits.eosId, ...data, evaluateEvery, layers, signal }))
    return news.finished()
  } finally {
    done()
    splits.close()
  }
}

/** The data of a run: named on the command line, or by the config. */
async function datasetConfigFile(config: ModelConfig, source: string, data?: string): Promise<string> {
  if (data !== undefined) return data.endsWith('.json') ? data : join(data, 'dataset.json')
  const [first, ...more] = config.datasets
  if (first === undefined)
    throw new ConfigError(`${source}: "datasets" names no data set; name one there, or give --data`)
  if (more.length > 0)
    throw new ConfigError(`${source}: "datasets" names ${more.length + 1} data sets; one is possible so far`)
  const name = typeof first === 'string' ? first : first[0]
  const tried = [join(dirname(source), '..', 'datasets', `${name}.json`), join('configs', 'datasets', `${name}.json`)]
  for (const file of tried) if (await isFile(file)) return file
  throw new ConfigError(
    `${source}: data set "${name}" has no config: there is neither ${tried[0]} nor ${tried[1]}. ` +
      'Give --data, or write one',
  )
}
