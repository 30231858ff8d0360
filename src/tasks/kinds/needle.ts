import { z } from 'zod'
import { key, keyKinds } from '../../config/index.js'
import type { TaskKind } from '../task.js'

type Settings = {
  readonly length: number
  readonly vocabulary: number
  readonly depth?: number
  readonly needles: number
}

const { size } = keyKinds

/**
 * A needle in a haystack: key-value pairs behind a marker (token V - 1) at a depth of random tokens, and at the end the
 * marker with one of the keys, at which the label is its value. Keys are from the first third of the other tokens, values
 * from the second, the haystack from the third, so that nothing else looks like a needle.
 * Source: after Kamradt 2023, "Needle in a haystack", and Hsieh et al. 2024, "RULER" (single and multi-key needles).
 */
export const needle: TaskKind<Settings> = {
  meaning: 'a key with its value at a depth of random tokens, asked for at the end',
  keys: {
    length: key(size.default(256), 'tokens of a sequence', 'neomesh'),
    vocabulary: key(size.default(256), 'tokens: a third each keys, values and haystack, and the marker', 'neomesh'),
    depth: key(
      z.number().min(0).max(1).optional().meta({ expected: 'a number from 0 to 1' }),
      'depth of the needle that is asked for: 0 at the beginning, 1 at the end',
      'neomesh',
      { otherwise: 'any' },
    ),
    needles: key(size.default(1), 'needles, of which one is asked for', 'neomesh'),
  },
  examples: { train: 12_800, test: 1280 },
  check: ({ length, vocabulary, needles }) => [
    ...(length >= 3 * needles + 2 ? [] : [`length: must be at least 3 needles + 2 (got ${length})`]),
    ...(Math.floor((vocabulary - 1) / 3) >= needles ? [] : [`vocabulary: must be above 3 needles (got ${vocabulary})`]),
  ],
  open({ length, vocabulary, depth, needles }) {
    const third = Math.floor((vocabulary - 1) / 3)
    const hay = vocabulary - 1 - 2 * third
    const marker = vocabulary - 1
    const room = length - 2 - 3 * needles
    return {
      length,
      vocabulary,
      labels: { train: 1, test: 1 },
      example(random) {
        const keys = random.distinct(needles, third)
        const values = keys.map(() => third + random.integer(third))
        // Hay before each needle; the first needle is the one that is asked for.
        const asked = depth === undefined ? random.integer(room + 1) : Math.round(depth * room)
        const before = [asked, ...keys.slice(1).map(() => random.integer(room + 1))]
        const order = [...keys.keys()].sort((a, b) => before[a] - before[b] || a - b)
        const straw = (count: number) => Array.from({ length: count }, () => 2 * third + random.integer(hay))
        const inputs: number[] = []
        let placed = 0
        for (const i of order) {
          inputs.push(...straw(before[i] - placed), marker, keys[i], values[i])
          placed = before[i]
        }
        inputs.push(...straw(room - placed), marker, keys[0])
        const labels = new Array<number>(length).fill(-1)
        labels[length - 1] = values[0]
        const tenth = Math.min(9, Math.floor((10 * asked) / Math.max(1, room)))
        return { inputs, labels, groups: [`depth ${tenth * 10}-${tenth * 10 + 10} %`] }
      },
    }
  },
}
