/** A small lesson that Node and a browser run alike: the tests compare what they return. */
import type * as filesRoom from '../../src/files/index.js'
import type * as library from '../../src/index.js'
import type * as notebookRoom from '../../src/notebook/index.js'

export interface Modules {
  readonly neomesh: typeof library
  readonly 'neomesh/files': typeof filesRoom
  readonly 'neomesh/notebook': typeof notebookRoom
}

export interface Trained {
  /** Loss of each step. */
  readonly losses: readonly number[]
  readonly sampled: readonly number[]
  /** Step at which this call began. */
  readonly from: number
}

export interface LessonOptions {
  /** Folder of the run. */
  readonly folder: string
  /** JSON of a model, in the file system of the place. */
  readonly model: string
  readonly texts: readonly string[]
  readonly steps: number
  readonly onStep?: (step: number) => void
}

export const texts: readonly string[] = Array.from(
  { length: 40 },
  (_, i) => `The state of the Union in year ${1790 + i} is ${i % 3 ? 'good' : 'better'}.`,
)

/** Trains a tokenizer and a model, or resumes the run at its checkpoint, and samples. */
export async function lesson(modules: Omit<Modules, 'neomesh/notebook'>, options: LessonOptions): Promise<Trained> {
  const { neomesh: neo, 'neomesh/files': files } = modules
  const { folder, steps, onStep } = options
  const engine = await neo.openEngine({ engine: 'host' })
  const { config } = await neo.readModelConfig(options.model, {
    changes: { train_steps: steps, steps_per_checkpoint: 4, n_vocab: 300, n_layer: 4, n_embd: 32, n_ctx: 32, seed: 3 },
  })
  const tokenizerFile = neo.join(folder, 'tokenizer.json')
  await neo.makeFolder(folder)
  const tokenizer = await neo.trainTokenizer({ texts: options.texts, vocabSize: 300 })
  await neo.saveTokenizer(tokenizer, tokenizerFile)
  const text = neo.join(folder, 'text.txt')
  await files.writeFileAtomic(text, options.texts.join('\n'))
  const data = neo.join(folder, 'data')
  await neo.prepareData({
    inputs: [text],
    output: data,
    tokenizer,
    tokenizerPath: tokenizerFile,
    vocabularySize: 300,
    eosId: tokenizer.idOf('<|endoftext|>')!,
    contextLength: config.n_ctx,
    overwrite: true,
  })
  const { samples } = await neo.openSplits(neo.join(data, 'dataset.json'), {
    contextLength: config.n_ctx,
    vocabularySize: 300,
  })
  const run = neo.join(folder, 'run')
  let from: number | undefined
  for await (const event of neo.train({ engine, config, run, data: samples, tokenizer: tokenizerFile }))
    if (event.kind === 'step') {
      from ??= event.step - 1
      onStep?.(event.step)
    }
  const metrics = await neo.readMetrics(neo.join(run, 'metrics.jsonl'))
  const model = await neo.loadModel(engine, run)
  const sampled: number[] = []
  for await (const [id] of neo.generate(model, [tokenizer.encode('The state')], { maxTokens: 24, seed: 1, topK: 40 }))
    sampled.push(id!)
  return { losses: metrics.flatMap(({ loss }) => loss ?? []), sampled, from: from ?? steps }
}
