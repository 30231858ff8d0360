import { Command } from 'commander'
import { extraTokens, tokenizerFor } from '../convert/index.js'
import { FileError, sha256 } from '../files/index.js'
import {
  generateText,
  loadModel,
  type GenerateTextOptions,
  type LoadedModel,
  type LoadOptions,
} from '../generate/index.js'
import { tokenizerJson, type Tokenizer } from '../tokenizer/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { openTokenizer } from './open-tokenizer.js'
import { dtypeOption, integerOption, numberOption, repeatable, TOKENIZER } from './options.js'
import { whileWaiting } from './progress.js'

interface Options extends EngineOptions {
  prompt?: string
  tokenizer?: string
  adapter?: string | boolean
  maxTokens: number
  temperature: number
  topK: number
  topP: number
  seed: number
  count: number
  stop?: string[]
  dtype?: LoadOptions['dtype']
}

export function sampleCommand(): Command {
  return withEngine(
    new Command('sample')
      .description('generate text from a prompt with a trained model, streaming to the terminal')
      .argument('<model>', 'folder of a run, of a checkpoint, or of a Hugging Face GPT-Neo')
      .option('-p, --prompt <text>', 'text to continue (default: start a document)')
      .option(
        '-n, --max-tokens <count>',
        'maximum number of new tokens; the context also ends at n_ctx',
        integerOption(1),
        200,
      )
      .option(
        '-t, --temperature <number>',
        'sampling temperature (0: always the most likely token)',
        numberOption(0),
        0.9,
      )
      .option('-k, --top-k <count>', 'sample among the k most likely tokens (0: all)', integerOption(0), 0)
      .option(
        '--top-p <probability>',
        'nucleus sampling: cumulative probability to keep',
        numberOption(0, 1, { exclude: 0 }),
        1,
      )
      .option('--adapter <folder>', "merge a LoRA adapter: a run trained with lora_rank, or PEFT's folder")
      .option('--no-adapter', 'of a run trained with lora_rank, sample the model that it began from')
      .option('--stop <text>', 'end before this text; repeatable', repeatable)
      .option('--seed <number>', 'random seed; equal seeds give equal text', integerOption(0), 0)
      .option(
        '--count <samples>',
        'number of samples, separated by an empty line; sample i uses seed + i',
        integerOption(1),
        1,
      )
      .addOption(dtypeOption())
      .option('--tokenizer <path>', `${TOKENIZER} (default: the run's)`)
      .action(sample),
  )
}

async function sample(path: string, options: Options): Promise<void> {
  const engine = await openEngine(options)
  const { signal, done } = interruptible()
  try {
    const loading = loadModel(engine, path, { adapter: adapterOf(options), dtype: options.dtype })
    const model = await whileWaiting('loading the model', loading)
    const tokenizerPath = options.tokenizer ?? (await tokenizerOf(path, model.folder))
    const tokenizer = await openTokenizer(tokenizerPath)
    await checkTokenizer(model, tokenizer, tokenizerPath)
    for (const each of model.notes ?? []) note(each)
    const { prompt = '', seed, count, maxTokens, temperature, topK, topP, stop } = options
    for (let i = 0; i < count; i++) {
      if (i > 0) process.stdout.write('\n')
      await streamSample(model, tokenizer, prompt, { maxTokens, temperature, topK, topP, stop, seed: seed + i, signal })
      if (signal.aborted) return void (process.exitCode = interruptedStatus())
    }
  } finally {
    done()
    await engine.close()
  }
}

/** Commander gives true where neither option is. */
const adapterOf = ({ adapter }: Options) => (adapter === true ? undefined : adapter)

/**
 * Writes a prompt and its continuation to standard output as it comes; the signal ends it. Returns tokens per second, null
 * for fewer than two: the first waits for the programs to be compiled.
 */
export async function streamSample(
  model: LoadedModel,
  tokenizer: Tokenizer,
  prompt: string,
  options: GenerateTextOptions,
): Promise<number | null> {
  const pieces = generateText(model, tokenizer, prompt, { ...options, onNote: note })
  // What is wrong with the prompt shows before anything is written.
  let next = await whileWaiting('compiling the sampling programs', pieces.next())
  process.stdout.write(prompt)
  const began = performance.now()
  let count = 0
  for (; !next.done; next = await pieces.next()) {
    const { text, id } = next.value
    process.stdout.write(text)
    if (id !== null) count++
  }
  process.stdout.write('\n')
  return count > 1 ? (count - 1) / ((performance.now() - began) / 1000) : null
}

function note(text: string): void {
  process.stderr.write(`neomesh: note: ${text}\n`)
}

/** The tokenizer saved with a checkpoint, or with its run. */
async function tokenizerOf(path: string, checkpoint: string): Promise<string> {
  const found = await tokenizerFor(path, checkpoint)
  if (found !== undefined) return found
  throw new FileError(
    `${path} must have a tokenizer.json (got none). Check the path, or name a tokenizer with --tokenizer`,
    path,
  )
}

/** Prints a note if a tokenizer has tokens that the model lacks, or is not the data's. */
async function checkTokenizer(
  { config, tokenizerHash }: Awaited<ReturnType<typeof loadModel>>,
  { vocabSize }: Tokenizer,
  path: string,
): Promise<void> {
  const extra = extraTokens(path, vocabSize, config.n_vocab)
  if (extra !== undefined) note(extra)
  if (tokenizerHash && sha256(await tokenizerJson(path)) !== tokenizerHash)
    note(`${path} is not the tokenizer that the model's data was prepared with`)
}
