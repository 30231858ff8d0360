import { key, keyKinds } from '../../config/index.js'
import type { TaskKind } from '../task.js'

type Settings = {
  readonly length: number
  readonly vocabulary: number
  readonly tokens: number
}

const { size } = keyKinds

/**
 * Selective copying: `tokens` random tokens among blanks, a copy token, then blanks at which the tokens are asked for in
 * order. Token V - 1 is the copy token, V - 2 the blank.
 * Source: Poli et al. 2024, "Mechanistic Design and Scaling of Hybrid Architectures" (mad-lab mad/data/instances.py, which
 * puts blanks at positions drawn among the tokens), after Gu and Dao 2023, "Mamba". Here every set of positions of the
 * tokens is equally likely.
 */
export const selectiveCopying: TaskKind<Settings> = {
  meaning: 'selective copying: tokens among blanks, then asked for in order',
  keys: {
    length: key(size.default(256), 'tokens of a sequence', 'mad-lab'),
    vocabulary: key(size.default(16), 'tokens, of which two are the blank and the copy token', 'mad-lab'),
    tokens: key(size.default(16), 'tokens to copy', 'mad-lab'),
  },
  examples: { train: 12_800, test: 1280 },
  check: ({ length, tokens, vocabulary }) => [
    ...(length > 2 * tokens ? [] : [`length: must be at least 2 tokens + 1 = ${2 * tokens + 1} (got ${length})`]),
    ...(vocabulary > 3 ? [] : [`vocabulary: must be at least 4 (got ${vocabulary})`]),
  ],
  open({ length, vocabulary, tokens: count }) {
    const [copy, blank] = [vocabulary - 1, vocabulary - 2]
    const before = length - count - 1
    return {
      length,
      vocabulary,
      labels: { train: count, test: count },
      example(random) {
        const tokens = Array.from({ length: count }, () => random.integer(vocabulary - 2))
        const inputs = new Array<number>(length).fill(blank)
        const labels = new Array<number>(length).fill(-1)
        const positions = random.distinct(count, before).sort((a, b) => a - b)
        positions.forEach((position, i) => (inputs[position] = tokens[i]))
        inputs[before] = copy
        tokens.forEach((token, i) => (labels[before + 1 + i] = token))
        return { inputs, labels }
      },
    }
  },
}
