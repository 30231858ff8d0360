import { Command } from 'commander'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readModelConfig } from '../config/index.js'
import { demoTexts } from '../data/index.js'
import type { Engine } from '../engine/index.js'
import { loadModel } from '../generate/index.js'
import { isFile } from '../files/index.js'
import { loadTokenizer } from '../tokenizer/index.js'
import { makeData } from './data.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptible } from './interrupt.js'
import { streamSample } from './sample.js'
import { makeTokenizer } from './tokenizer.js'
import { runTraining } from './train.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const CONFIG = join(root, 'configs/models/demo.json')
const PROMPTS = ['My fellow citizens,', 'The state of our Union is', 'The war']

export function demoCommand(): Command {
  return withEngine(
    new Command('demo')
      .description(
        'the five steps on the State of the Union addresses: tokenizer, data, config, training; ' + 'then samples',
      )
      .option('-o, --out <folder>', 'where everything goes; running it again goes on', 'demo')
      .action(async (options: EngineOptions & { out: string }) => {
        await prepare(options.out)
        const engine = await openEngine(options)
        try {
          title('4. and 5. The model of configs/models/demo.json, trained')
          const { config } = await readModelConfig(CONFIG)
          const run = join(options.out, 'run')
          const again = options.out === 'demo' ? 'make demo' : `npx neomesh demo --out ${options.out}`
          const data = join(options.out, 'data')
          if (await runTraining({ engine, config, source: CONFIG, run, data, evaluateEvery: 250, again }))
            await sampleAll(engine, options.out)
        } finally {
          await engine.close()
        }
      }),
  )
}

/** Tokenizer and data, where they are not there yet. */
async function prepare(out: string): Promise<void> {
  const texts = await demoTexts()
  const tokenizer = join(out, 'tokenizer.json')
  const data = join(out, 'data')
  const { signal, done } = interruptible()
  try {
    title('1. A tokenizer of 4,096 tokens')
    if (await isFile(tokenizer)) process.stderr.write(`already there: ${tokenizer}\n`)
    else await makeTokenizer({ inputs: texts, out: tokenizer, vocabSize: 4096, signal })

    title('2. and 3. The addresses as training data, one in twenty held out')
    if (await isFile(join(data, 'dataset.json'))) process.stderr.write(`already there: ${data}\n`)
    else {
      const { config } = await readModelConfig(CONFIG)
      const given = { inputs: texts, output: data, name: 'sotu', contextLength: config.n_ctx, signal }
      await makeData({ ...given, validationFraction: 0.05 }, await loadTokenizer(tokenizer), tokenizer)
    }
  } finally {
    done()
  }
}

async function sampleAll(engine: Engine, out: string): Promise<void> {
  title('Samples')
  const run = join(out, 'run')
  const { signal, done } = interruptible()
  try {
    const model = await loadModel(engine, run)
    const tokenizer = await loadTokenizer(join(out, 'tokenizer.json'))
    for (const [seed, prompt] of PROMPTS.entries()) {
      const options = { maxTokens: 80, temperature: 0.8, topK: 40, seed, signal }
      const rate = await streamSample(model, tokenizer, prompt, options)
      if (signal.aborted) return void (process.exitCode = 130)
      process.stderr.write(`(${Math.round(rate)} tokens/s)\n\n`)
    }
    process.stderr.write(`more: npx neomesh sample ${run} --prompt "..."\n`)
  } finally {
    done()
  }
}

function title(text: string): void {
  process.stderr.write(`\n${text}\n`)
}
