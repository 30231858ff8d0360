import { DeviceArray, jit, type Engine } from '../engine/index.js'
import type { GptNeo, Parameters } from '../model/index.js'
import { cast, constant, dim, total, where, type Tensor } from '../tensor/index.js'
import { labelledExamples } from './labelled-examples.js'
import type { MeanLoss, MeanLossOptions, Samples } from './mean-loss.js'

/** Number of labels, and of those whose token is the most likely one. */
export interface Tally {
  readonly correct: number
  readonly of: number
}

/**
 * Makes a function that gives the mean cross entropy over the labels of labelled data, in nats, and the accuracy: the
 * fraction of labels that are the most likely token, also by the groups of the data. Rows may be longer than n_ctx where the
 * model has no table of positions.
 * @param labels the most labels of a row
 */
export function labelScores(engine: Engine, model: GptNeo, labels: number): MeanLoss {
  const { config } = model
  const size = config.eval_batch_size ?? config.train_batch_size
  const evaluate = jit(
    engine,
    (parameters: Parameters, ids: Tensor) => {
      const { inputs, labels: wanted, labelled } = labelledExamples(labels)(ids, config)
      const { logProbability, greedy, labels: kept } = model.labelScores(parameters, inputs, wanted, labelled!)
      const known = kept.greaterEqual(0)
      // 1 and 0: right and wrong; -1: no label.
      const marks = where(known, greedy, constant(-1, 'i32')) as Tensor
      return { sum: total(logProbability).neg(), count: total(cast(known, 'f32')), marks }
    },
    { name: 'label_scores', parameterArgs: [0], strict: true },
  )

  const run = async (
    parameters: Parameters<DeviceArray>,
    samples: Samples,
    { limit = 0, onBatch, signal }: MeanLossOptions = {},
  ) => {
    const width = (samples.contextLength ?? config.n_ctx) + 1
    const count = Math.min(samples.size, limit > 0 ? limit * size : samples.size)
    const batches = Math.ceil(count / size)
    const groups = new Map<string, { correct: number; of: number }>()
    let [sum, correct, of] = [0, 0, 0]
    for (let batch = 0; batch < batches; batch++) {
      signal?.throwIfAborted()
      const first = batch * size
      const live = Math.min(size, count - first)
      const ids = new Int32Array(size * width).fill(-1)
      for (let row = 0; row < live; row++) ids.set(await samples.read(first + row), row * width)
      const given = DeviceArray.from(engine, ids, [dim('batch', size), dim('tokens', width)], 'i32')
      const scores = await evaluate(parameters, given)
      sum += await scores.sum.readScalar()
      const marks = await scores.marks.read()
      const each = marks.length / size
      for (let row = 0; row < live; row++) {
        const names = samples.groups?.(first + row) ?? []
        const known = marks.subarray(row * each, (row + 1) * each).filter((mark) => mark >= 0)
        known.forEach((mark, i) => {
          correct += mark
          of++
          if (names[i] === undefined) return
          const tally = groups.get(names[i]) ?? { correct: 0, of: 0 }
          groups.set(names[i], { correct: tally.correct + mark, of: tally.of + 1 })
        })
      }
      for (const array of [scores.sum, scores.count, scores.marks, given]) array.dispose()
      onBatch?.(batch + 1, batches)
    }
    if (of === 0) throw new RangeError(`labelled data must have a label (got none in ${count} sequences)`)
    return { loss: sum / of, tokens: of, accuracy: correct / of, groups: Object.fromEntries(groups) }
  }
  return Object.assign(run, { dispose: evaluate.dispose })
}
