import { DataError, labelledId, type Dataset } from '../data/index.js'
import { createRandom } from './random.js'
import type { TaskSpec } from './spec.js'
import type { Example, Split } from './task.js'

/** A task's examples as a data set: each a function of the seed, the split and its number. */
export function taskDataset({ task, examples, seed }: TaskSpec, split: Split): Dataset {
  const { length, padding = 0 } = task
  const size = examples[split]
  const make = (number: number): Example => {
    if (!Number.isInteger(number) || number < 0 || number >= size)
      throw new DataError(`a task's example must be an integer from 0 to ${size - 1} (got ${number})`)
    return task.example(createRandom(seed, split === 'train' ? 1 : 2, number), split)
  }
  return {
    size,
    contextLength: length,
    files: [],
    bytesPerToken: undefined,
    indexes: [],
    labels: task.labels[split],
    read(number) {
      const { inputs, labels } = make(number)
      const row = new Int32Array(length + 1).fill(labelledId(padding, -1))
      for (let i = 0; i < inputs.length; i++) row[i] = labelledId(inputs[i], labels[i] ?? -1)
      return Promise.resolve(row)
    },
    groups: (number) => make(number).groups ?? [],
    close() {},
  }
}

/** Training and test examples of a task. */
export function openTask(spec: TaskSpec) {
  const [samples, validation] = [taskDataset(spec, 'train'), taskDataset(spec, 'test')]
  return { samples, validation, close() {} }
}
