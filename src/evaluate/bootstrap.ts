/** Intervals and tests by resampling items, with a seed. */
import { figuresOf, finish, valueOf, type ItemFigures, type Metric } from './metrics.js'

export interface Resampling {
  /** 0: no intervals. @default 1000 */
  readonly resamples?: number
  /** @default 0 */
  readonly seed?: number
}

/** A value with its 95 % interval; the interval is null for fewer than two items, and without resamples. */
export interface Estimate {
  readonly value: number
  readonly interval: readonly [low: number, high: number] | null
}

/**
 * A metric and the percentiles of its values over items drawn with replacement. Source: Efron 1979, "Bootstrap methods".
 */
export function estimate(metric: Metric, items: readonly ItemFigures[], options: Resampling = {}): Estimate {
  const value = valueOf(metric, items)
  if (items.length < 2 || options.resamples === 0) return { value, interval: null }
  const { top, bottom } = figuresOf(metric, items)
  const values = resampled(items.length, options, (drawn) => finish(metric, ...sums(top, bottom, drawn)))
  return { value, interval: percentiles(values) }
}

/** The difference of a metric between two models on the same items. */
export interface Difference extends Estimate {
  /** Two-sided probability of a difference this large if the models were exchangeable on every item. */
  readonly p: number
}

/**
 * b minus a, with its interval over items drawn with replacement, the same for both, and the probability by a paired
 * permutation test: each resample exchanges the models' results on random items.
 */
export function difference(
  metric: Metric,
  a: readonly ItemFigures[],
  b: readonly ItemFigures[],
  options: Resampling = {},
): Difference {
  const value = valueOf(metric, b) - valueOf(metric, a)
  if (a.length < 2) return { value, interval: null, p: 1 }
  const [first, second] = [figuresOf(metric, a), figuresOf(metric, b)]
  const values = resampled(
    a.length,
    options,
    (drawn) =>
      finish(metric, ...sums(second.top, second.bottom, drawn)) -
      finish(metric, ...sums(first.top, first.bottom, drawn)),
  )
  return { value, interval: percentiles(values), p: permutationTest(metric, first, second, value, options) }
}

type Figures = ReturnType<typeof figuresOf>

function permutationTest(
  metric: Metric,
  a: Figures,
  b: Figures,
  value: number,
  { resamples = 1000, seed = 0 }: Resampling,
): number {
  const random = numbersOf(seed + 1)
  // Differences that are equal but for rounding count as extreme.
  const least = Math.abs(value) * (1 - 1e-9)
  let extreme = 0
  for (let i = 0; i < resamples; i++) {
    let [topA, topB, bottomA, bottomB] = [0, 0, 0, 0]
    for (let at = 0; at < a.top.length; at++) {
      const [x, y] = random() < 2 ** 31 ? [a, b] : [b, a]
      topA += x.top[at]
      bottomA += x.bottom[at]
      topB += y.top[at]
      bottomB += y.bottom[at]
    }
    if (Math.abs(finish(metric, topB, bottomB) - finish(metric, topA, bottomA)) >= least) extreme++
  }
  return (extreme + 1) / (resamples + 1)
}

/** Values over index lists drawn with replacement. */
function resampled(
  count: number,
  { resamples = 1000, seed = 0 }: Resampling,
  valueFor: (drawn: Int32Array) => number,
): Float64Array {
  const random = numbersOf(seed)
  const drawn = new Int32Array(count)
  return Float64Array.from({ length: resamples }, () => {
    for (let i = 0; i < count; i++) drawn[i] = Math.floor((random() / 2 ** 32) * count)
    return valueFor(drawn)
  })
}

function sums(top: Float64Array, bottom: Float64Array, drawn: Int32Array): [number, number] {
  let [a, b] = [0, 0]
  for (const at of drawn) {
    a += top[at]
    b += bottom[at]
  }
  return [a, b]
}

/** 2.5 % and 97.5 %, interpolated between the values beside them. */
function percentiles(values: Float64Array): readonly [number, number] {
  const sorted = values.toSorted()
  const at = (fraction: number) => {
    const place = fraction * (sorted.length - 1)
    const low = Math.floor(place)
    const high = Math.min(low + 1, sorted.length - 1)
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low)
  }
  return [at(0.025), at(0.975)]
}

/** Seeded integers in [0, 2^32): the counter-based mulberry32. */
export function numbersOf(seed: number): () => number {
  let state = (seed * 0x9e3779b1) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}
