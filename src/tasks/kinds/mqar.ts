import { z } from 'zod'
import { key, keyKinds } from '../../config/index.js'
import { distanceGroup, type Task, type TaskKind } from '../task.js'
import type { Random } from '../random.js'

type Settings = {
  readonly length: number
  readonly pairs: number | readonly number[]
  readonly vocabulary: number
  readonly power: number
  readonly random_non_queries: boolean
}

const { size, positive, flag } = keyKinds

/**
 * Multi-query associative recall: N different keys with values, then each key once more, at which the label is its value.
 * Keys are from [1, V/2), values from [V/2, V). After the 2 N tokens of the pairs come slots of two tokens; the query of
 * the i-th key is the first token of a slot drawn without replacement with p(slot j) ~ a j^(a - 1), j from 1. Other tokens
 * are 0, or with `random_non_queries` random tokens.
 * Source: Arora et al. 2023, "Zoology: Measuring and Improving Recall in Efficient Language Models" (zoology
 * data/multiquery_ar.py).
 */
export const mqar: TaskKind<Settings> = {
  meaning: 'multi-query associative recall: keys with values, then each key again; the label is its value',
  keys: {
    length: key(size.default(64), 'tokens of a sequence; even', 'zoology'),
    pairs: key(
      z
        .union([z.number().int().min(1), z.array(z.number().int().min(1)).min(1)])
        .default(4)
        .meta({ expected: 'an integer >= 1, or a list of them, such as [4, 8]' }),
      'key-value pairs of a sequence; of a list each sequence draws one',
      'zoology',
    ),
    vocabulary: key(size.default(8192), 'tokens: the lower half are keys, the upper half values', 'zoology'),
    power: key(positive.default(0.01), 'exponent a of the law of gaps; 1 is uniform', 'zoology'),
    random_non_queries: key(flag.default(true), 'tokens that are no query are random rather than 0', 'zoology'),
  },
  examples: { train: 100_000, test: 3000 },
  check({ length, pairs, vocabulary }) {
    const most = Math.max(...[pairs].flat())
    return [
      ...(length % 2 === 0 ? [] : [`length: must be even (got ${length})`]),
      ...(4 * most <= length ? [] : [`pairs: must be at most length / 4 = ${Math.floor(length / 4)} (got ${most})`]),
      ...(vocabulary / 2 > most ? [] : [`vocabulary: must be more than 2 pairs = ${2 * most} (got ${vocabulary})`]),
    ]
  },
  open(settings): Task {
    const { length, pairs, vocabulary } = settings
    const choices = [pairs].flat()
    const weights = new Map(choices.map((count) => [count, slotWeights((length - 2 * count) / 2, settings.power)]))
    const most = Math.max(...choices)
    return {
      length,
      vocabulary,
      labels: { train: most, test: most },
      example: (random) => {
        const count = random.pick(choices)
        const made = exampleOf(random, count, weights.get(count)!, settings)
        return choices.length > 1 ? { ...made, groups: made.groups.map(() => `${count} pairs`) } : made
      },
    }
  },
}

/** In proportion to a j^(a - 1). */
function slotWeights(slots: number, a: number): number[] {
  return Array.from({ length: slots }, (_, j) => a * (j + 1) ** (a - 1))
}

function exampleOf(random: Random, count: number, weights: readonly number[], settings: Settings) {
  const { length, vocabulary, random_non_queries: fillRandomly } = settings
  const half = Math.floor(vocabulary / 2)
  const keys = random.distinct(count, half - 1).map((id) => id + 1)
  const values = random.distinct(count, vocabulary - half).map((id) => id + half)
  const slots = random.weighted(count, weights)
  const inputs = new Array<number>(length).fill(0)
  const labels = new Array<number>(length).fill(-1)
  const groups = new Map<number, string>()
  for (let i = 0; i < count; i++) {
    const query = 2 * count + 2 * slots[i]
    inputs[2 * i] = inputs[query] = keys[i]
    inputs[2 * i + 1] = labels[query] = values[i]
    groups.set(query, distanceGroup(query - 2 * i))
  }
  if (fillRandomly) for (let i = 0; i < length; i++) if (inputs[i] === 0) inputs[i] = random.integer(vocabulary)
  return { inputs, labels, groups: [...groups].sort(([a], [b]) => a - b).map(([, group]) => group) }
}
