import { Command } from 'commander'
import { extraTokens, tokenizerFor } from '../convert/index.js'
import { FileError, sha256 } from '../files/index.js'
import { generate, loadModel, type GenerateOptions, type LoadedModel } from '../generate/index.js'
import { tokenizerJson, type Tokenizer } from '../tokenizer/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { openTokenizer } from './open-tokenizer.js'
import { real, TOKENIZER, whole } from './options.js'
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
}

export function sampleCommand(): Command {
  return withEngine(
    new Command('sample')
      .description('continue a prompt with a trained model, streaming to the terminal')
      .argument('<model>', 'folder of a run or of a checkpoint')
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
    const { prompt = '', seed, count, maxTokens, temperature, topK, topP } = options
    for (let i = 0; i < count; i++) {
      if (i > 0) process.stdout.write('\n')
      await streamSample(model, tokenizer, prompt, { maxTokens, temperature, topK, topP, seed: seed + i, signal })
      if (signal.aborted) return void (process.exitCode = interruptedStatus())
    }
  } finally {
    done()
    await engine.close()
  }
}

/**
 * Writes a prompt and its continuation to standard output as it comes; the signal ends it. Returns tokens a second.
 */
export async function streamSample(
  model: LoadedModel,
  tokenizer: Tokenizer,
  prompt: string,
  { signal, ...options }: GenerateOptions,
): Promise<number> {
  const eos = tokenizer.idOf('<|endoftext|>')
  const given = Array.from(tokenizer.encode(prompt))
  if (given.length === 0 && eos === undefined)
    throw new RangeError('the tokenizer has no <|endoftext|> to begin with: give a --prompt')
  // A document begins after the end of another one, so an empty prompt is that token.
  const ids = given.length > 0 ? given : [eos!]
  const tokens = generate(model, [ids], { stopIds: eos === undefined ? [] : [eos], ...options })
  // What is wrong with the prompt shows before anything is written.
  let next = await whileWaiting('compiling the sampling programs', tokens.next())
  const decoder = tokenizer.decodeStream()
  process.stdout.write(prompt)
  let count = 0
  const began = performance.now()
  while (!next.done && !signal?.aborted) {
    const [id] = next.value
    // A model may have more ids than its tokenizer has tokens; they are never trained and stand for nothing.
    if (id !== null && id !== eos && id < tokenizer.vocabSize) process.stdout.write(decoder.push(id))
    next = await tokens.next()
    count++
  }
  await tokens.return(undefined)
  process.stdout.write(`${decoder.finish()}\n`)
  return count / ((performance.now() - began) / 1000)
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
  const note = (text: string) => process.stderr.write(`neomesh: note: ${text}\n`)
  const extra = extraTokens(path, vocabSize, config.n_vocab)
  if (extra !== undefined) note(extra)
  if (tokenizerHash && sha256(await tokenizerJson(path)) !== tokenizerHash)
    note(`${path} is not the tokenizer that the model's data was made with`)
}
