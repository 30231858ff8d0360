import { Command } from 'commander'
import { fileURLToPath } from 'node:url'
import { readModelConfig, type ModelConfig } from '../config/index.js'
import type { Engine } from '../engine/index.js'
import { loadModel, type LoadedModel } from '../generate/index.js'
import { basename, isFile, join } from '../files/index.js'
import { grouped } from '../text/index.js'
import { loadTokenizer, type Tokenizer } from '../tokenizer/index.js'
import { makeData } from './data.js'
import { keepTexts, textsOf, type DemoTexts } from './demo-texts.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { evaluateHeldOut } from './held-out.js'
import { streamSample } from './sample.js'
import { makeTokenizer } from './tokenizer.js'
import { runTraining } from './train.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

interface DemoOptions extends EngineOptions {
  readonly out: string
  readonly text?: string[]
  readonly textKey: string
}

export function demoCommand(): Command {
  return withEngine(
    new Command('demo')
      .description('run all steps on real text: tokenizer, data, config, training, samples')
      .option('-o, --out <folder>', 'output folder; an interrupted demo in it is resumed', 'demo')
      .option(
        '--text <paths...>',
        "text files or folders to train on (default: the State of the Union addresses; where only npm was used, Node's " +
          'documentation)',
      )
      .option('--text-key <key>', 'key of the text in .jsonl', 'text')
      .action(async (options: DemoOptions) => {
        const texts = await textsOf(options.out, options.text)
        const engine = await openEngine(options)
        try {
          const small = engine.name === 'host'
          const source = join(root, `configs/models/demo${small ? '-small' : ''}.json`)
          const { config } = await readModelConfig(source)
          // The two demos differ in n_vocab, and so in tokenizer and data.
          const folder = small ? join(options.out, 'small') : options.out
          await keepTexts(folder, texts)
          await prepare(folder, texts, options.textKey, config)
          title(`4. and 5. The model of configs/models/${basename(source)}, trained`)
          if (small) process.stderr.write(SMALL)
          const [data, run] = [join(folder, 'data'), join(folder, 'run')]
          const resumeCommand = resumeCommandOf(engine, options)
          if (await runTraining({ engine, config, source, run, data, evaluateEvery: 250, resumeCommand }))
            await judge(engine, folder, texts, config)
        } finally {
          await engine.close()
        }
      }),
  )
}

const SMALL =
  'a small one, some minutes of work for JavaScript: that of configs/models/demo.json would take it half an hour\n'

/** The command that resumes an interrupted demo. Without a plugin, `make demo` would install one and start over. */
function resumeCommandOf({ name }: Engine, { out, text, engine }: DemoOptions): string | null {
  if (out !== 'demo' || text || engine) return null
  return name === 'xla' ? 'make demo' : 'npx neomesh demo'
}

/** Makes tokenizer and data, unless they exist. */
async function prepare(out: string, texts: DemoTexts, textKey: string, { n_vocab, n_ctx }: ModelConfig): Promise<void> {
  const inputs = [...texts.paths]
  const tokenizer = join(out, 'tokenizer.json')
  const data = join(out, 'data')
  const { signal, done } = interruptible()
  try {
    title(`1. A tokenizer of ${grouped(n_vocab)} tokens`)
    if (await isFile(tokenizer)) process.stderr.write(`exists: ${tokenizer}\n`)
    else await makeTokenizer({ inputs, out: tokenizer, vocabSize: n_vocab, textKey, signal })

    title(`2. and 3. Training data from ${texts.about}, one in twenty held out`)
    if (await isFile(join(data, 'dataset.json'))) process.stderr.write(`exists: ${data}\n`)
    else {
      const given = {
        inputs,
        textKey,
        output: data,
        name: 'demo',
        contextLength: n_ctx,
        validationFraction: 0.05,
        signal,
      }
      const held = texts.given ? FEW_TEXTS : {}
      await makeData({ ...given, ...held }, await loadTokenizer(tokenizer), tokenizer)
    }
  } finally {
    done()
  }
}

/** A user's texts may be a single book, so passages are held out; with this seed the first of two is. */
const FEW_TEXTS = { validationUnit: 'passage', seed: 5 } as const

/** Samples of the trained model, and how good it is on the texts that were held out. */
async function judge(engine: Engine, out: string, texts: DemoTexts, config: ModelConfig): Promise<void> {
  const { signal, done } = interruptible()
  try {
    const run = join(out, 'run')
    const model = { ...(await loadModel(engine, run)), tokenizer: await loadTokenizer(join(out, 'tokenizer.json')) }
    title('Samples')
    await sampleAll(model, texts, signal)
    if (signal.aborted) return void (process.exitCode = interruptedStatus())
    process.stderr.write(`more: npx neomesh sample ${run} --prompt "..."\n`)
    title('Evaluation on the held-out texts')
    for (const line of await evaluateHeldOut(model, join(out, 'data'), config, signal))
      process.stdout.write(`${line}\n`)
    process.stderr.write(`more: npx neomesh sample ${run} --prompt "..."; npx neomesh eval ${run} --tasks text=FILE\n`)
  } finally {
    done()
  }
}

async function sampleAll(
  model: LoadedModel & { readonly tokenizer: Tokenizer },
  { prompts }: DemoTexts,
  signal: AbortSignal,
): Promise<void> {
  for (const [seed, prompt] of prompts.entries()) {
    const options = { maxTokens: 80, temperature: 0.8, topK: 40, seed, signal }
    const rate = await streamSample(model, model.tokenizer, prompt, options)
    if (signal.aborted) return
    process.stderr.write(rate === null ? '\n' : `(${Math.round(rate)} tokens/s)\n\n`)
  }
}

function title(text: string): void {
  process.stderr.write(`\n${text}\n`)
}
