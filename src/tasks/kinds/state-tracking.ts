import { key, keyKinds } from '../../config/index.js'
import { rangeOf, type Example, type Task, type TaskKind } from '../task.js'
import type { Random } from '../random.js'

type Settings = {
  readonly length: number
  readonly min_length: number
  readonly labels: 'all' | 'last'
}

const { size, oneOf } = keyKinds

const keysFor = (length: number, minimum: number, labels: 'all' | 'last') => ({
  length: key(size.default(length), 'tokens of the longest sequence', 'neomesh'),
  min_length: key(
    size.default(minimum),
    'tokens of the shortest sequence; lengths between are equally likely',
    'neomesh',
  ),
  labels: key(
    oneOf(['all', 'last']).default(labels),
    'which tokens are labelled: each with the state so far, or the last one alone',
    'neomesh',
  ),
})

const check = ({ length, min_length }: Settings) =>
  min_length <= length ? [] : [`min_length: must be at most length ${length} (got ${min_length})`]

/**
 * Parity: bits, labelled with the parity of the bits so far. A model whose state transitions have no negative eigenvalues
 * cannot track it beyond the lengths that it was trained on.
 * Source: Grazzi et al. 2024, "Unlocking State-Tracking in Linear RNNs Through Negative Eigenvalues", whose lengths these
 * are: 3 to 40 in training, 40 to 256 in the test.
 */
export const parity: TaskKind<Settings> = {
  meaning: 'state tracking: the parity of the bits so far',
  keys: keysFor(40, 3, 'all'),
  examples: { train: 1_000_000, test: 1024 },
  check,
  open: (settings) =>
    // Token 2 is padding, as in the published runs.
    tracking(settings, { vocabulary: 3, padding: 2, tokens: 2, start: 0, next: (state, bit) => state ^ bit }),
}

/**
 * The word problem of S5: permutations of five things, labelled with the product so far, p <- x p: 120 tokens and labels,
 * numbered in lexicographic order. It is complete for NC1, beyond what constant-depth attention computes at every length.
 * Source: Merrill, Petty and Sabharwal 2024, "The Illusion of State in State-Space Models".
 */
export const s5: TaskKind<Settings> = {
  meaning: 'state tracking: the product of the permutations of five things so far',
  keys: keysFor(16, 1, 'all'),
  examples: { train: 1_000_000, test: 1024 },
  check,
  open: (settings) =>
    tracking(settings, {
      vocabulary: 120,
      padding: 0,
      tokens: 120,
      start: 0,
      next: (state, by) => productTable()[by * 120 + state],
    }),
}

interface Automaton {
  readonly vocabulary: number
  readonly padding: number
  /** Tokens of a sequence are below it. */
  readonly tokens: number
  readonly start: number
  next(state: number, token: number): number
}

function tracking({ length, min_length, labels: which }: Settings, automaton: Automaton): Task {
  const { vocabulary, padding, tokens, start, next } = automaton
  const most = which === 'all' ? length : 1
  return {
    length,
    vocabulary,
    padding,
    labels: { train: most, test: most },
    example(random: Random): Example {
      const count = min_length + random.integer(length - min_length + 1)
      const inputs = Array.from({ length: count }, () => random.integer(tokens))
      let state = start
      const states = inputs.map((token) => (state = next(state, token)))
      const labels = states.map((each, i) => (which === 'all' || i === count - 1 ? each : -1))
      const groups = labels.flatMap((label, i) => (label < 0 ? [] : [`length ${rangeOf(i + 1)}`]))
      return { inputs, labels, groups }
    },
  }
}

/** The permutations of 0 to 4 in lexicographic order. */
export function permutationsOfFive(): number[][] {
  const all = (rest: readonly number[]): number[][] =>
    rest.length === 0 ? [[]] : rest.flatMap((x) => all(rest.filter((y) => y !== x)).map((more) => [x, ...more]))
  return all([0, 1, 2, 3, 4])
}

let table: Uint8Array | undefined

/** The number of a after b, (a b)(i) = a(b(i)), at 120 a + b. */
function productTable(): Uint8Array {
  if (table) return table
  const permutations = permutationsOfFive()
  const numbers = new Map(permutations.map((each, i) => [each.join(), i]))
  table = new Uint8Array(120 * 120)
  permutations.forEach((a, i) =>
    permutations.forEach((b, j) => (table![120 * i + j] = numbers.get(b.map((x) => a[x]).join())!)),
  )
  return table
}
