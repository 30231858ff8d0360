import { key, keyKinds } from '../../config/index.js'
import { distanceGroup, type TaskKind } from '../task.js'

type Settings = {
  readonly length: number
  readonly vocabulary: number
}

const { size } = keyKinds

/**
 * Compression: random tokens and a compression token, V - 1, whose hidden state alone is to hold them all: each position asks for
 * its own token, of a model that is an auto-encoder. Accuracy by the distance from the end.
 * Source: Poli et al. 2024, "Mechanistic Design and Scaling of Hybrid Architectures" (mad-lab mad/data/instances.py), where the
 * compression token is a label, too.
 */
export const compression: TaskKind<Settings> = {
  meaning: 'compression (MAD): all tokens from the state after the last one',
  keys: {
    length: key(size.default(32), 'tokens of a sequence', 'mad-lab'),
    vocabulary: key(size.default(16), 'tokens, of which one is the compression token', 'mad-lab'),
  },
  examples: { train: 12_800, test: 1280 },
  check: ({ length, vocabulary }) => [
    ...(length > 1 ? [] : [`length: must be at least 2 (got ${length})`]),
    ...(vocabulary > 2 ? [] : [`vocabulary: must be at least 3 (got ${vocabulary})`]),
  ],
  open: ({ length, vocabulary }) => ({
    length,
    vocabulary,
    model: { auto_encoder: true },
    labels: { train: length, test: length },
    example(random) {
      const inputs = Array.from({ length }, (_, i) =>
        i === length - 1 ? vocabulary - 1 : random.integer(vocabulary - 1),
      )
      return { inputs, labels: inputs, groups: inputs.map((_, i) => distanceGroup(length - 1 - i)) }
    },
  }),
}
