import { key, keyKinds } from '../../config/index.js'
import { distanceGroup, type TaskKind } from '../task.js'

type Settings = {
  readonly length: number
  readonly vocabulary: number
}

const { size } = keyKinds

/**
 * Induction: random tokens, among them once a trigger (token V - 1); at the end the trigger again, at which the label is
 * the token that followed it.
 * Source: Gu and Dao 2023, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces" (section 4.1.2), after Olsson
 * et al. 2022, "In-context Learning and Induction Heads".
 */
export const induction: TaskKind<Settings> = {
  meaning: 'induction: the token that followed the trigger earlier, when the trigger comes again at the end',
  keys: {
    length: key(size.default(256), 'tokens of a sequence', 'mamba'),
    vocabulary: key(size.default(16), 'tokens, of which the last is the trigger', 'mamba'),
  },
  examples: { train: 12_800, test: 1280 },
  check: ({ length, vocabulary }) => [
    ...(length > 2 ? [] : [`length: must be at least 3 (got ${length})`]),
    ...(vocabulary > 2 ? [] : [`vocabulary: must be at least 3 (got ${vocabulary})`]),
  ],
  open: ({ length, vocabulary }) => ({
    length,
    vocabulary,
    labels: { train: 1, test: 1 },
    example(random) {
      const inputs = Array.from({ length }, () => random.integer(vocabulary - 1))
      const labels = new Array<number>(length).fill(-1)
      const at = random.integer(length - 2)
      inputs[at] = inputs[length - 1] = vocabulary - 1
      labels[length - 1] = inputs[at + 1]
      return { inputs, labels, groups: [distanceGroup(length - 1 - at)] }
    },
  }),
}
