import { key, keyKinds } from '../../config/index.js'
import type { Example, Split, TaskKind } from '../task.js'
import type { Random } from '../random.js'

type Settings = {
  readonly length: number
  readonly vocabulary: number
  readonly motif: number
}

const { size } = keyKinds

/**
 * Fuzzy in-context recall: keys and values are motifs of one to `motif` different tokens; in the test keys have `motif`.
 * In training every next token is asked for, in the test the values of keys that came before. Sequences are padded in
 * front with token V - 1.
 * Source: Poli et al. 2024, "Mechanistic Design and Scaling of Hybrid Architectures" (mad-lab mad/data/instances.py,
 * multi_query).
 */
export const fuzzyRecall: TaskKind<Settings> = {
  meaning: 'in-context recall with keys and values of several tokens (MAD)',
  keys: {
    length: key(size.default(128), 'tokens of a sequence', 'mad-lab'),
    vocabulary: key(size.default(16), 'tokens: half keys, half values, and padding', 'mad-lab'),
    motif: key(size.default(3), 'the most tokens of a key or a value', 'mad-lab'),
  },
  examples: { train: 12_800, test: 1280 },
  check: ({ length, vocabulary, motif }) => [
    ...(Math.floor((vocabulary - 1) / 2) >= motif
      ? []
      : [`vocabulary: must be at least 2 motif + 1 = ${2 * motif + 1} (got ${vocabulary})`]),
    ...(length > 6 * motif ? [] : [`length: must be above 6 motif = ${6 * motif} (got ${length})`]),
  ],
  open: (settings) => ({
    length: settings.length,
    vocabulary: settings.vocabulary,
    labels: { train: settings.length, test: settings.length },
    example: (random, split) => example(random, split, settings),
  }),
}

function example(random: Random, split: Split, { length, vocabulary, motif }: Settings): Example {
  const keyCount = Math.floor((vocabulary - 1) / 2)
  const valueCount = vocabulary - 1 - keyCount
  const keySize = () => (split === 'train' ? 1 + random.integer(motif) : motif)
  const newKey = () => random.distinct(keySize(), keyCount)
  const newValue = () => random.distinct(1 + random.integer(motif), valueCount).map((id) => keyCount + id)

  const values = new Map<string, number[]>()
  const inputs: number[] = []
  const asked = new Set<number>()
  const add = (id: readonly number[], value: readonly number[]) => {
    const known = values.has(id.join())
    inputs.push(...id, ...value)
    // The label of a token is the next one: of a value's first token, at the key's last.
    if (known) value.forEach((_, i) => asked.add(inputs.length - value.length + i))
    values.set(id.join(), [...value])
  }
  const probe = { key: newKey(), value: newValue() }
  const probeSize = probe.key.length + probe.value.length
  // Low enough that a turn of the loop begins between it and the end.
  const at = random.integer(length - probeSize - 4 * motif)
  let probed = false
  while (inputs.length < length - probeSize - 2 * motif) {
    if (inputs.length >= at && !probed) {
      add(probe.key, probe.value)
      probed = true
      continue
    }
    const id = newKey()
    const isProbe = id.join() === probe.key.join()
    add(id, isProbe ? probe.value : (values.get(id.join()) ?? newValue()))
    probed ||= isProbe
  }
  add(probe.key, probe.value)

  const tokens = [...new Array<number>(Math.max(0, length + 1 - inputs.length)).fill(vocabulary - 1), ...inputs]
  const shift = tokens.length - inputs.length
  const labels = tokens
    .slice(1, length + 1)
    .map((next, i) => (split === 'train' || asked.has(i + 1 - shift) ? next : -1))
  return { inputs: tokens.slice(0, length), labels }
}
