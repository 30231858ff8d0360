import { Command } from 'commander'
import { join } from 'node:path'
import { generate, loadModel, type GenerateOptions, type LoadedModel } from '../generate/index.js'
import { isFile, FileError } from '../files/index.js'
import { loadTokenizer, type Tokenizer } from '../tokenizer/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptible } from './interrupt.js'
import { real, whole } from './options.js'

interface Options extends EngineOptions {
  prompt: string
  tokenizer?: string
  maxTokens: number
  temperature: number
  topK: number
  topP: number
  seed: number
  count: number
}

export function sampleCommand(): Command {
  return withEngine(new Command('sample'))
    .description('continue a prompt with a trained model, streaming to the terminal')
    .argument('<model>', 'folder of a run or of a checkpoint')
    .option('-p, --prompt <text>', 'text to continue (default: the beginning of a document)', '')
    .option('-n, --max-tokens <count>', 'most new tokens', whole(1), 200)
    .option('-t, --temperature <number>', '0 takes the likeliest token', real(0), 0.9)
    .option('-k, --top-k <count>', 'only the likeliest so many tokens; 0: all', whole(0), 0)
    .option('--top-p <part>', 'only the likeliest tokens that together have this probability', real(0, 1), 1)
    .option('--seed <number>', 'equal seeds give equal text', whole(0), 0)
    .option('--count <samples>', 'how many continuations, one after the other', whole(1), 1)
    .option('--tokenizer <path>', 'tokenizer.json (default: the run\'s)')
    .action(async (path: string, options: Options) => {
      const tokenizer = await loadTokenizer(options.tokenizer ?? (await tokenizerOf(path)))
      const engine = await openEngine(options)
      const { signal, done } = interruptible()
      try {
        const model = await loadModel(engine, path)
        for (let i = 0; i < options.count; i++) await streamSample(model, tokenizer, options.prompt, { ...options, seed: options.seed + i, signal })
      } finally {
        done()
        await engine.close()
      }
    })
}

/** Writes a prompt and its continuation to standard output as it comes. Returns tokens a second. */
export async function streamSample(model: LoadedModel, tokenizer: Tokenizer, prompt: string, options: GenerateOptions): Promise<number> {
  const eos = tokenizer.idOf('<|endoftext|>')
  const given = Array.from(tokenizer.encode(prompt))
  // A document begins after the end of another one, so an empty prompt is that token.
  const ids = given.length > 0 ? given : [eos ?? 0]
  const decoder = tokenizer.decodeStream()
  process.stdout.write(prompt)
  let count = 0
  const began = performance.now()
  try {
    for await (const [id] of generate(model, [ids], { stopIds: eos === undefined ? [] : [eos], ...options })) {
      if (id === null || id === eos) continue
      process.stdout.write(id < tokenizer.vocabSize ? decoder.push(id) : '')
      count++
    }
  } finally {
    process.stdout.write(`${decoder.finish()}\n`)
  }
  return count / ((performance.now() - began) / 1000)
}

/** The tokenizer kept with a run, also for a checkpoint in it. */
async function tokenizerOf(path: string): Promise<string> {
  const places = [join(path, 'tokenizer.json'), join(path, '..', '..', 'tokenizer.json')]
  for (const place of places) if (await isFile(place)) return place
  throw new FileError(`${path} has no tokenizer.json: check the path, or name a tokenizer with --tokenizer`, path)
}
