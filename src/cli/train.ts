import { Command, Option } from 'commander'
import { copyFile, mkdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ConfigError, parseModelConfig, readModelConfig, type ModelConfig } from '../config/index.js'
import { datasetFiles, openDataset, readDatasetConfig, type Dataset, type DatasetConfig } from '../data/index.js'
import type { Engine } from '../engine/index.js'
import { isFile } from '../files/index.js'
import type { LayerMode } from '../model/index.js'
import { train } from '../train/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptible } from './interrupt.js'
import { whole } from './options.js'
import { createProgress, whileWaiting, type Progress } from './progress.js'

interface Options extends EngineOptions {
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
  return withEngine(new Command('train'))
    .description('train a model; a run that was interrupted goes on where it was')
    .argument('<config>', 'model config, such as configs/models/demo.json')
    .requiredOption('-r, --run <folder>', 'folder of the run: checkpoints, metrics.jsonl, config.json')
    .option('-d, --data <config>', 'data set config, or the folder that `neomesh data prepare` made (default: "datasets" of the config)')
    .option('--steps <count>', 'train_steps in place of the config\'s', whole(1))
    .option('--batch <sequences>', 'train_batch_size in place of the config\'s', whole(1))
    .option('--seed <number>', 'seed in place of the config\'s', whole(0))
    .addOption(new Option('--precision <type>', 'precision in place of the config\'s').choices(['float32', 'bfloat16']))
    .option('--evaluate-every <steps>', 'evaluate on the validation data after so many steps; 0: at the end', whole(0), 0)
    .addOption(new Option('--layers <mode>', 'a program part for each layer (unroll) or one for all (scan)').choices(['unroll', 'scan']))
    .action(async (path: string, options: Options) => {
      const { config: read, notes } = await readModelConfig(path)
      for (const note of notes) process.stderr.write(`${note}\n`)
      const changes = { train_steps: options.steps, train_batch_size: options.batch, seed: options.seed, precision: options.precision }
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
      const { config } = parseModelConfig({ ...read, ...given }, path)
      const engine = await openEngine(options)
      try {
        await runTraining({ engine, config, source: path, run: options.run, data: options.data, evaluateEvery: options.evaluateEvery, layers: options.layers, again: `neomesh train ${path} --run ${options.run}` })
      } finally {
        await engine.close()
      }
    })
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
export async function runTraining({ engine, config, source, run, data, evaluateEvery, layers, again }: RunTraining): Promise<boolean> {
  const { train: samples, validation, dataset } = await openData(config, source, data)
  await copyTokenizer(dataset, run)
  let bar: Progress | null = null
  let lastStep = 0
  const { signal, done } = interruptible(() => {
    const text = 'interrupted: finishing this step and saving (Ctrl-C again stops at once, without saving)'
    if (bar) bar.log(text)
    else process.stderr.write(`${text}\n`)
  })
  const say = (line: string) => (bar ? bar.log(line) : process.stderr.write(`${line}\n`))
  process.stderr.write(`${engine.description}\n`)
  let finished = false
  try {
    const events = train({ engine, config, run, data: samples, validation, evaluateEvery, layers, signal })
    const first = await whileWaiting('compiling the training step', events.next())
    for (let next = first; !next.done; next = await events.next()) {
      const event = next.value
      if (event.kind === 'start') {
        const { program, resumed, parameters, step, steps } = event
        say(`${basename(source)}: ${parameters.toLocaleString('en-US')} parameters, ${samples.size.toLocaleString('en-US')} training sequences of ${config.n_ctx} tokens`)
        const needs = program.memory ? `, ${((program.memory.arguments + program.memory.temporaries) / 2 ** 30).toFixed(2)} GiB` : ''
        say(`training step: traced in ${program.traceSeconds.toFixed(1)} s, ${program.fromCache ? 'loaded from the cache' : 'compiled'} in ${program.compileSeconds.toFixed(1)} s${needs}`)
        if (resumed) say(`going on after step ${step} of ${steps}: ${resumed}`)
        bar = createProgress({ title: 'training', total: steps, start: step, format: (x) => (Number.isInteger(x) ? String(x) : x.toFixed(2)) })
      } else if (event.kind === 'step') {
        lastStep = event.step
        bar?.update(event.step, `loss ${event.loss.toFixed(3)}, ${Math.round(event.tokensPerSecond).toLocaleString('en-US')} tokens/s`)
      } else if (event.kind === 'evaluating') {
        bar?.update(lastStep, `validation batch ${event.done} of ${event.of}`)
      } else if (event.kind === 'evaluation') {
        const bits = event.bitsPerByte === null ? '' : `, ${event.bitsPerByte.toFixed(3)} bits per byte`
        say(`after step ${event.step}: validation loss ${event.loss.toFixed(4)}, perplexity ${event.perplexity.toFixed(2)}${bits}`)
      } else if (event.kind === 'checkpoint') {
        say(`saved ${event.folder}`)
      } else {
        finished = !event.interrupted
        bar?.stop(finished ? `trained ${event.step} steps: ${run}` : `stopped after step ${event.step} of ${config.train_steps}. To go on: ${again}`)
        if (event.interrupted) process.exitCode = 130
      }
    }
    return finished
  } catch (error) {
    bar?.stop()
    throw error
  } finally {
    done()
    samples.close()
    validation?.close()
  }
}

/** Opens the data of a run: named on the command line, or by the config. */
async function openData(config: ModelConfig, source: string, data?: string): Promise<{ train: Dataset; validation?: Dataset; dataset: DatasetConfig }> {
  const file = await datasetConfigFile(config, source, data)
  const dataset = await readDatasetConfig(file)
  const shape = { contextLength: config.n_ctx, vocabularySize: config.n_vocab }
  const samples = await openDataset({ path: await datasetFiles(dataset, 'path'), ...shape })
  const validation = dataset.eval_path === '' ? undefined : await openDataset({ path: await datasetFiles(dataset, 'eval_path'), ...shape })
  return { train: samples, validation, dataset }
}

async function datasetConfigFile(config: ModelConfig, source: string, data?: string): Promise<string> {
  if (data !== undefined) return data.endsWith('.json') ? data : join(data, 'dataset.json')
  const [first, ...more] = config.datasets
  if (first === undefined) throw new ConfigError(`${source}: "datasets" names no data set; name one there, or give --data`)
  if (more.length > 0) throw new ConfigError(`${source}: "datasets" names ${more.length + 1} data sets; one is possible so far`)
  const name = typeof first === 'string' ? first : first[0]
  const tried = [join(dirname(source), '..', 'datasets', `${name}.json`), join('configs', 'datasets', `${name}.json`)]
  for (const file of tried) if (await isFile(file)) return file
  throw new ConfigError(`${source}: data set "${name}" has no config: neither ${tried[0]} nor ${tried[1]} exists. Give --data, or write one`)
}

/** Keeps the tokenizer with the run, so that sampling needs nothing else. */
async function copyTokenizer(dataset: DatasetConfig, run: string): Promise<void> {
  if (!dataset.tokenizer_path) return
  for (const path of [dataset.tokenizer_path, resolve(dirname(dataset.file), dataset.tokenizer_path)]) {
    if (!path.endsWith('.json') || !(await isFile(path))) continue
    await mkdir(run, { recursive: true })
    return copyFile(path, join(run, 'tokenizer.json'))
  }
}

