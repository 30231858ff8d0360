import { key, keyKinds } from '../../config/index.js'
import { distanceGroup, type Example, type Split, type Task, type TaskKind } from '../task.js'
import type { Random } from '../random.js'

type Settings = {
  readonly length: number
  readonly vocabulary: number
}
type NoisySettings = Settings & {
  readonly noise_vocabulary: number
  readonly noise: number
}

const { size, probability } = keyKinds

const keys = (vocabulary: number) => ({
  length: key(size.default(128), 'tokens of a sequence; even', 'mad-lab'),
  vocabulary: key(size.default(vocabulary), 'tokens: half keys, half values, and noise', 'mad-lab'),
})

/**
 * In-context recall: pairs of a key and the value that it has in this sequence. In training every next token is asked for,
 * in the test the values of keys that came before.
 * Source: Poli et al. 2024, "Mechanistic Design and Scaling of Hybrid Architectures" (mad-lab mad/data/instances.py,
 * multi_query).
 */
export const inContextRecall: TaskKind<Settings> = {
  meaning: 'in-context recall (MAD): the value that a key had earlier in the sequence',
  keys: keys(16),
  examples: { train: 12_800, test: 1280 },
  check,
  open: (settings) => recall({ ...settings, noise_vocabulary: 0, noise: 0 }),
}

/** In-context recall where some pairs are two noise tokens. Source: as above. */
export const noisyRecall: TaskKind<NoisySettings> = {
  meaning: 'in-context recall with noise tokens among the pairs (MAD)',
  keys: {
    ...keys(32),
    noise_vocabulary: key(size.default(16), 'noise tokens, the last of the vocabulary', 'mad-lab'),
    noise: key(probability.default(0.2), 'fraction of the pairs that are noise', 'mad-lab'),
  },
  examples: { train: 12_800, test: 1280 },
  check,
  open: recall,
}

function check({ length, vocabulary, noise_vocabulary: noise = 0 }: Settings & Partial<NoisySettings>): string[] {
  return [
    ...(length % 2 === 0 && length > 2 ? [] : [`length: must be even, and at least 4 (got ${length})`]),
    ...(vocabulary - noise > 3
      ? []
      : [`vocabulary: must be at least 4 more than the noise tokens (got ${vocabulary})`]),
  ]
}

function recall(settings: NoisySettings): Task {
  const { length, vocabulary } = settings
  return {
    length,
    vocabulary,
    labels: { train: length - 1, test: length / 2 },
    example: (random, split) => example(random, split, settings),
  }
}

function example(random: Random, split: Split, settings: NoisySettings): Example {
  const { length, vocabulary, noise_vocabulary: noisy, noise } = settings
  const plain = vocabulary - noisy
  const keyCount = Math.floor(plain / 2)
  const pairs = length / 2
  const values = new Map<number, number>()
  const seen = new Map<number, number>()
  const inputs: number[] = []
  const asked = new Map<number, string>()
  const never = random.integer(pairs - 1) // one pair at least is not noise
  for (let i = 0; i < pairs; i++) {
    const last = i === pairs - 1
    if (!last && i !== never && noise > 0 && random.uniform() < noise) {
      inputs.push(plain + random.integer(noisy), plain + random.integer(noisy))
      continue
    }
    const id = last ? random.pick([...seen.keys()]) : random.integer(keyCount)
    const value = values.get(id) ?? keyCount + random.integer(plain - keyCount)
    values.set(id, value)
    if (seen.has(id)) asked.set(inputs.length, distanceGroup(inputs.length - seen.get(id)!))
    seen.set(id, inputs.length)
    inputs.push(id, value)
  }
  const labels = inputs.map((_, i) => {
    const next = i + 1 < length ? inputs[i + 1] : -1
    return split === 'train' || asked.has(i) ? next : -1
  })
  const groups = labels.flatMap((label, i) => (label < 0 ? [] : [asked.get(i) ?? 'other tokens']))
  return { inputs, labels, groups }
}
