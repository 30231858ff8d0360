import { key, keyKinds } from '../../config/index.js'
import { createRandom } from '../random.js'
import type { TaskKind } from '../task.js'

type Settings = {
  readonly length: number
  readonly vocabulary: number
  readonly map: number
}

const { size, count } = keyKinds

/**
 * Memorisation: each key has the same value in all sequences, training and test; after a key comes an insert token
 * (V - 1), at which the value is asked for. The value is never shown, so it must be learned.
 * Source: Poli et al. 2024, "Mechanistic Design and Scaling of Hybrid Architectures" (mad-lab mad/data/instances.py), with
 * its 256 training examples.
 */
export const memorisation: TaskKind<Settings> = {
  meaning: 'memorisation (MAD): the value of a key, the same in all sequences',
  keys: {
    length: key(size.default(32), 'tokens of a sequence; even', 'mad-lab'),
    vocabulary: key(size.default(256), 'tokens: half keys, half values, and the insert token', 'mad-lab'),
    map: key(count.default(12_345), 'seed of the map from keys to values', 'mad-lab'),
  },
  examples: { train: 256, test: 1280 },
  check: ({ length, vocabulary }) => [
    ...(length % 2 === 0 ? [] : [`length: must be even (got ${length})`]),
    ...(vocabulary > 2 ? [] : [`vocabulary: must be at least 3 (got ${vocabulary})`]),
  ],
  open({ length, vocabulary, map }) {
    const keyCount = Math.floor((vocabulary - 1) / 2)
    const values = createRandom(map).distinct(keyCount, vocabulary - 1 - keyCount)
    const pairs = length / 2
    return {
      length,
      vocabulary,
      labels: { train: pairs, test: pairs },
      example(random) {
        const keys = Array.from({ length: pairs }, () => random.integer(keyCount))
        return {
          inputs: keys.flatMap((id) => [id, vocabulary - 1]),
          labels: keys.flatMap((id) => [-1, keyCount + values[id]]),
        }
      },
    }
  },
}
