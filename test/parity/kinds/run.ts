/** A whole run of the original's main.py: its data, its steps, its evaluations, and its TensorFlow checkpoint. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseModelConfig } from '../../../src/config/index.js'
import { openTensorflowCheckpoint } from '../../../src/convert/index.js'
import { batches, gptNeoOrder, openDataset, order } from '../../../src/data/index.js'
import { Trainer } from '../../../src/train/index.js'
import { openCheckpoint } from '../../../src/checkpoint/index.js'
import { openTensors, type CaseFile, type Workshop } from '../case-file.js'
import { evaluator } from '../training.js'
import { farthest, relative, relativeScalar, Worst, type Verdict } from '../verdict.js'

interface Run {
  readonly config: Record<string, any>
  readonly dataset: { readonly path: string; readonly eval_path: string }
  readonly eval: readonly { readonly global_step: number; readonly loss: number; readonly perplexity: number }[]
  /** Of the pieces between evaluations. */
  readonly loss_for_final_step: readonly number[]
}

export async function* run(file: CaseFile, { engine, layers }: Workshop): AsyncGenerator<Verdict> {
  const { config: keys, dataset, eval: evaluations, loss_for_final_step: lastLosses } = file.json as Run
  const { config } = parseModelConfig(keys, file.path)
  const tensors = await openTensors(file)
  const recordedSteps = tensors.names.flatMap((name) => /^step(\d+)\/global_step$/.exec(name)?.[1] ?? []).map(Number)
  const data = await openDataset({ path: pathOf(file, dataset.path), contextLength: config.n_ctx })
  const evalData = await openDataset({ path: pathOf(file, dataset.eval_path), contextLength: config.n_ctx })
  const reading = batches({ dataset: data, batchSize: config.train_batch_size, order: gptNeoOrder(data) })
  const evalSize = config.eval_batch_size ?? config.train_batch_size
  const inOrder = order({ size: evalData.size, seed: 0, shuffle: false })
  const evalReading = batches({ dataset: evalData, batchSize: evalSize, order: inOrder })

  const on = await engine()
  const trainer = new Trainer(on, config, layers)
  const evaluate = evaluator(on, trainer)
  const worst = new Worst()
  try {
    await trainer.start(({ name }) => tensors.floats(`step0/${name}`))
    for (let step = 1; step <= config.train_steps; step++) {
      const { loss } = await trainer.trainOn(await reading.batch(step - 1))
      const value = await loss.readScalar()
      const end = evaluations.findIndex(({ global_step }) => global_step === step)
      if (end >= 0) worst.note('loss', `step ${step - 1}`, relativeScalar(value, lastLosses[end]), 1e-4)
      if (recordedSteps.includes(step)) await compareVariables(step)
      if (end >= 0) await compareEvaluation(evaluations[end])
    }
  } finally {
    await Promise.all([reading.close(), evalReading.close()])
    data.close()
    evalData.close()
    evaluate.dispose()
    trainer.dispose()
  }
  yield { name: file.name, measures: worst.measures }
  const folder = [dirname(file.path), join(dirname(file.path), 'checkpoint')].find(
    (each) => existsSync(each) && readdirSync(each).some((name) => name.endsWith('.index')),
  )
  if (folder) yield { name: `${file.name}: checkpoint`, measures: await compareCheckpoint(folder) }
  await tensors.close()

  /** What is saved here beside what the original saved. */
  async function compareVariables(step: number): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'neomesh-parity-'))
    try {
      await trainer.save(join(folder, 'checkpoint'))
      const checkpoint = await openCheckpoint(join(folder, 'checkpoint'))
      for (const key of tensors.names.filter((each) => each.startsWith(`step${step}/gpt2/`))) {
        const name = key.slice(key.indexOf('/') + 1)
        const wanted = await tensors.floats(key)
        const found = await checkpoint.read(name, tensors.shape(key))
        if (/\/adam_[mv]$/.test(name)) worst.note('slots', key, relative(found, wanted), 0.05)
        else worst.note('variables', key, farthest(found, wanted) / config.lr, 0.5)
      }
      await checkpoint.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  /** The original's perplexity is the mean of each batch's. */
  async function compareEvaluation({ global_step, loss, perplexity }: Run['eval'][number]): Promise<void> {
    const losses: number[] = []
    for (let i = 0; i < keys.eval_steps; i++)
      losses.push(await evaluate.loss(trainer.parameters, await evalReading.batch(i)))
    const mean = (of: readonly number[]) => of.reduce((a, b) => a + b) / of.length
    const at = `after step ${global_step}`
    worst.note('evaluation', at, relativeScalar(mean(losses), loss), 1e-4)
    worst.note('perplexity', at, relativeScalar(mean(losses.map(Math.exp)), perplexity), 1e-3)
  }

  async function compareCheckpoint(of: string) {
    const checkpoint = await openTensorflowCheckpoint(of)
    const same = new Worst()
    const last = `step${Math.max(...recordedSteps)}`
    for (const name of checkpoint.tensors.keys()) {
      if (name === 'global_step') continue
      const { data: found } = await checkpoint.read(name)
      same.note('difference', name, farthest(found as Float32Array, await tensors.floats(`${last}/${name}`)), 0)
    }
    await checkpoint.close()
    return same.measures
  }
}

/** A path of the record begins with its folder, goldens/, in which, or beside which, the data lies. */
function pathOf({ path }: CaseFile, recorded: string): string {
  const within = recorded.replace(/^goldens\//, '')
  const places = [join(dirname(path), within), join(dirname(path), '..', within)]
  return places.find((each) => existsSync(dirname(each))) ?? places[0]
}
