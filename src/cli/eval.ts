/** `neomesh eval`: how good a model is. */
import { Command } from 'commander'
import { tokenizerFor } from '../convert/index.js'
import type { Engine } from '../engine/index.js'
import {
  compare,
  evaluate,
  isResults,
  KINDS,
  readResults,
  writeResults,
  type Comparison,
  type Estimate,
  type EvaluatedFrom,
  type TaskResult,
} from '../evaluate/index.js'
import { FileError } from '../files/index.js'
import { loadModel } from '../generate/index.js'
import { grouped, signed, textTable } from '../text/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { UsageError } from './errors.js'
import { interruptible } from './interrupt.js'
import { openTokenizer } from './open-tokenizer.js'
import { integerOption, TOKENIZER } from './options.js'
import { createProgress, whileWaiting } from './progress.js'

interface Options extends EngineOptions {
  readonly tasks?: string[]
  readonly compare?: string
  readonly out?: string
  readonly stride?: number
  readonly textKey: string
  readonly tokenizer?: string
  readonly resamples: number
  readonly seed: number
}

export function evalCommand(): Command {
  return withEngine(
    new Command('eval')
      .description('evaluate a trained model on tasks: likelihood of texts and of answers')
      .argument(
        '<model>',
        'folder of a run, of a checkpoint, of a Hugging Face GPT-Neo, or of results written by --out',
      )
      .option('-t, --tasks <tasks...>', 'KIND=FILE for each task, a file of your own, or demo-words and demo-pairs')
      .option('-o, --out <folder>', 'write summary.json, and items.jsonl with the log-likelihoods of each item')
      .option('-c, --compare <model>', 'compare with another model, or with results, item by item')
      .option('--stride <tokens>', 'tokens that windows over long texts move on by (default: n_ctx)', integerOption(1))
      .option('--text-key <key>', 'key of the text in .jsonl files of the kinds text and packed', 'text')
      .option('--tokenizer <path>', `${TOKENIZER} (default: the run's)`)
      .option('--resamples <count>', 'resamples for intervals and comparisons', integerOption(10), 1000)
      .option('--seed <number>', 'seed of the resamples', integerOption(0), 0)
      .addHelpText('after', KINDS_HELP)
      .action(run),
  )
}

const width = Math.max(...Object.keys(KINDS).map(({ length }) => length))
const KINDS_HELP = `
Kinds of tasks:
${Object.entries(KINDS)
  .map(([name, { data }]) => `  ${name.padEnd(width)}  ${data}`)
  .join('\n')}`

interface Evaluated {
  readonly results: readonly TaskResult[]
  readonly from: EvaluatedFrom
}

async function run(path: string, options: Options): Promise<void> {
  const paths = options.compare === undefined ? [path] : [path, options.compare]
  const saved = await Promise.all(paths.map(isResults))
  if (saved[0] && options.compare === undefined)
    throw new UsageError(
      `${path} holds results, which are evaluated already. Name a model, or compare them with --compare`,
    )
  if (saved.includes(false) && !options.tasks)
    throw new UsageError('a task must be named (got none). Name one with --tasks, as in --tasks lambada=FILE')
  const engine = saved.includes(false) ? await openEngine(options) : null
  const { signal, done } = interruptible()
  try {
    const evaluated: Evaluated[] = []
    for (const [i, each] of paths.entries())
      evaluated.push(saved[i] ? await readResults(each) : await evaluateModel(engine!, each, options, signal))
    const [first, second] = evaluated
    if (options.out !== undefined) {
      await writeResults(options.out, first.results, first.from)
      process.stderr.write(`wrote ${options.out}\n`)
    }
    if (second === undefined) process.stdout.write(resultTable(first.results))
    else showComparison(first, second, options)
  } finally {
    done()
    await engine?.close()
  }
}

async function evaluateModel(engine: Engine, path: string, options: Options, signal: AbortSignal): Promise<Evaluated> {
  const model = await whileWaiting(`loading ${path}`, loadModel(engine, path))
  const tokenizerPath = options.tokenizer ?? (await tokenizerFor(path, model.folder))
  if (tokenizerPath === undefined)
    throw new FileError(
      `${path} must have a tokenizer.json (got none). Check the path, or name a tokenizer with --tokenizer`,
      path,
    )
  const tokenizer = await openTokenizer(tokenizerPath)
  const { stride, textKey, resamples, seed } = options
  const bar = createProgress({ title: 'evaluating', total: 0 })
  try {
    const onProgress = (at: number, of: number) => bar.update(at, 'texts', of)
    const results = await evaluate({ ...model, tokenizer }, options.tasks!, {
      stride,
      textKey,
      resamples,
      seed,
      signal,
      onProgress,
    })
    bar.stop()
    for (const { name, truncated } of results)
      if (truncated > 0)
        process.stderr.write(
          `neomesh: note: ${name}: the context of ${grouped(truncated)} items is longer than n_ctx and lost its beginning\n`,
        )
    return { results, from: { model: path, step: model.step } }
  } catch (error) {
    bar.stop()
    throw error
  }
}

/** A line per metric, with its 95 % interval. */
export function resultTable(results: readonly TaskResult[]): string {
  const rows = results.flatMap(({ name, items, metrics }) =>
    Object.entries(metrics).map(([metric, found], i) => [
      i === 0 ? name : '',
      i === 0 ? grouped(items.length) : '',
      metric,
      figure(found.value),
      range(found),
    ]),
  )
  return textTable([['task', 'items', 'metric', 'value', '95% interval'], ...rows], [false, true, false, true, false])
}

function showComparison(a: Evaluated, b: Evaluated, options: Options): void {
  const { comparisons, notes } = compare(a.results, b.results, options)
  for (const note of notes) process.stderr.write(`neomesh: note: ${note}\n`)
  if (comparisons.length === 0) throw new UsageError('the two must have a task in common, on the same data (got none)')
  const rows = comparisons.map(({ task, metric, a: first, b: second, difference, better }) => [
    task,
    metric,
    figure(first),
    figure(second),
    signed(difference.value, 4),
    range(difference),
    difference.p.toFixed(3),
    verdict({ better, difference }),
  ])
  process.stdout.write(`A: ${a.from.model}\nB: ${b.from.model}\n`)
  const head = ['task', 'metric', 'A', 'B', 'B - A', '95% interval', 'p', 'better']
  process.stdout.write(textTable([head, ...rows], [false, false, true, true, true, false, true, false]))
}

/** The better one where the interval of the difference leaves out 0. */
function verdict({ better, difference: { value, interval } }: Pick<Comparison, 'better' | 'difference'>): string {
  if (interval === null || (interval[0] <= 0 && interval[1] >= 0)) return 'undecided'
  return value > 0 === (better === 'higher') ? 'B' : 'A'
}

function figure(value: number): string {
  return value >= 1000 ? value.toPrecision(5) : value.toFixed(4)
}

function range({ interval }: Estimate): string {
  return interval === null ? 'one item' : `${figure(interval[0])} to ${figure(interval[1])}`
}
