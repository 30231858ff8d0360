import { demoTexts, prepareDemoData, trainDemoTokenizer } from '../data/index.js'
import { isFile, join } from '../files/index.js'
import { loadTokenizer, type Tokenizer, type TrainingProgress } from '../tokenizer/index.js'
import { interruptSignal } from './interrupt.js'
import { progressBar } from './progress.js'
import { bytes } from '../text/format.js'

export interface DemoDataWanted {
  /** Folder of the tokenizer and the data set. */
  readonly folder: string
  readonly vocabSize: number
  /** n_ctx. */
  readonly contextLength: number
}

export interface DemoData {
  readonly tokenizer: Tokenizer
  /** Path of the tokenizer.json. */
  readonly tokenizerFile: string
  /** Path of the data set's dataset.json, for `openSplits`. One text in twenty is held out. */
  readonly dataset: string
}

/**
 * A tokenizer and a data set of the demo's texts, the State of the Union addresses. Both are loaded, or made with a
 * progress bar if they do not exist. Notebooks 01 and 02 do the same step by step.
 */
export async function demoData({ folder, vocabSize, contextLength }: DemoDataWanted): Promise<DemoData> {
  const tokenizerFile = join(folder, `tokenizer-${vocabSize}.json`)
  const output = join(folder, `data-${vocabSize}-${contextLength}`)
  const dataset = join(output, 'dataset.json')
  const files = await demoTexts()
  const signal = interruptSignal()
  if (!(await isFile(tokenizerFile))) {
    const bar = progressBar('Tokenizer', { total: vocabSize, unit: 'tokens' })
    const onProgress = ({ phase, done }: TrainingProgress) => bar.update(phase === 'merging' ? done : 0, phase)
    await trainDemoTokenizer({ file: tokenizerFile, vocabSize, signal, onProgress })
    bar.stop(tokenizerFile)
  }
  const tokenizer = await loadTokenizer(tokenizerFile)
  if (!(await isFile(dataset))) {
    const bar = progressBar('Data', { total: files.length, unit: 'texts' })
    await prepareDemoData({
      output,
      tokenizer: tokenizerFile,
      contextLength,
      signal,
      onProgress: ({ documents, inputBytes }) => bar.update(documents, bytes(inputBytes)),
    })
    bar.stop(output)
  }
  return { tokenizer, tokenizerFile, dataset }
}
