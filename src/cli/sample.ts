import { Command } from 'commander'
import { extraTokens, tokenizerFor } from '../convert/index.js'
import { FileError, sha256 } from '../files/index.js'
import { generateText, loadModel, type GenerateTextOptions, type LoadedModel } from '../generate/index.js'
import { tokenizerJson, type Tokenizer } from '../tokenizer/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { openTokenizer } from './open-tokenizer.js'
import { real, several, TOKENIZER, whole } from './options.js'
import { whileWaiting } from './progress.js'

interface Options extends EngineOptions {
  prompt?: string
  tokenizer?: string
  maxTokens: number
  temperature: number
  topK: number
  topP: number
  seed: number
  count: number
  stop?: string[]
}

export function sampleCommand(): Command {
  return withEngine(
    new Command('sample')
      .description('continue a prompt with a trained model, streaming to the terminal')
      .argument('<model>', 'folder of a run, of a checkpoint, or of a Hugging Face GPT-Neo')
      .option('-p, --prompt <text>', 'text to continue (default: the beginning of a document)')
      .option('-n, --max-tokens <count>', 'most new tokens; the context also ends at n_ctx', whole(1), 200)
      .option('-t, --temperature <number>', '0 takes the likeliest token', real(0), 0.9)
      .option('-k, --top-k <count>', 'only the likeliest so many tokens; 0: all', whole(0), 0)
      .option(
        '--top-p <part>',
        'only the likeliest tokens that together have this probability',
        real(0, 1, { not: 0 }),
        1,
      )
      .option('--stop <text>', 'end before this text; may be given several times', several)
      .option('--seed <number>', 'equal seeds give equal text', whole(0), 0)
      .option(
        '--count <samples>',
        'how many continuations, with an empty line between; of the seeds from --seed on',
        whole(1),
        1,
      )
      .option('--tokenizer <path>', `${TOKENIZER} (default: the run's)`)
      .action(sample),
  )
}

async function sample(path: string, options: Options): Promise<void> {
  const engine = await openEngine(options)
  const { signal, done } = interruptible()
  try {
    const model = await whileWaiting('loading the model', loadModel(engine, path))
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

/** The tokenizer kept with a checkpoint, or with its run. */
async function tokenizerOf(path: string, checkpoint: string): Promise<string> {
  const found = await tokenizerFor(path, checkpoint)
  if (found !== undefined) return found
  throw new FileError(`${path} has no tokenizer.json: check the path, or name a tokenizer with --tokenizer`, path)
}

/** Says where a tokenizer has tokens that the model lacks, or is another one than the data's. */
async function checkTokenizer(
  { config, tokenizerHash }: Awaited<ReturnType<typeof loadModel>>,
  { vocabSize }: Tokenizer,
  path: string,
): Promise<void> {
  const extra = extraTokens(path, vocabSize, config.n_vocab)
  if (extra !== undefined) note(extra)
  if (tokenizerHash && sha256(await tokenizerJson(path)) !== tokenizerHash)
    note(`${path} is not the tokenizer that the model's data was made with`)
}
