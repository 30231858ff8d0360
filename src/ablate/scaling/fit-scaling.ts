import { createRandom } from '../../tasks/index.js'
import { mean } from '../statistics.js'
import { checkDesign, FitError, fitLaw } from './fit-law.js'
import { lossOfLaw, optimalExponents, type ScalingLaw, type ScalingPoint } from './law.js'

/** Ends of an interval that holds 95 % of the resampled fits. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** A law, and how far the runs determine it. */
export interface ScalingFit {
  readonly law: ScalingLaw
  /** 95 % intervals of its constants, and of the exponent of the compute-optimal number of parameters. */
  readonly intervals: Readonly<Record<keyof ScalingLaw | 'optimal', Interval>>
  /** Times that the runs were drawn again with replacement, and how many of these draws determined a law. */
  readonly resamples: number
  readonly resampledFits: number
  /** Root mean square of the differences of log loss between the law and the runs. */
  readonly residual: number
  /** The largest size and length, predicted by a law that did not see it; null if the others do not determine one. */
  readonly heldOut: HeldOut | null
}

export interface HeldOut {
  readonly parameters: number
  readonly tokens: number
  readonly predicted: number
  /** Mean over the seeds. */
  readonly measured: number
}

export interface FitOptions {
  /** @default 400 */
  readonly resamples?: number
  /** Of the draws. @default 1 */
  readonly seed?: number
}

/**
 * Fits loss = E + A / N^a + B / D^b to runs by the Huber loss of log loss (Hoffmann et al. 2022), from many starts, with
 * intervals by the bootstrap: the runs are drawn with replacement and the law is fitted again. The same runs give the same
 * result. Throws FitError where the runs do not determine a law, and RangeError for options.
 */
export function fitScaling(points: readonly ScalingPoint[], options: FitOptions = {}): ScalingFit {
  const { resamples = 400, seed = 1 } = options
  if (!Number.isInteger(resamples) || resamples < 1)
    throw new RangeError(`resamples must be an integer >= 1 (got ${resamples})`)
  const law = fitLaw(points)
  const laws: ScalingLaw[] = []
  for (let i = 0; i < resamples; i++) {
    const random = createRandom(seed, i)
    const drawn = points.map(() => random.pick(points))
    const found = unless(() => fitLaw(drawn, startsAround(law)))
    if (found) laws.push(found)
  }
  if (laws.length < resamples / 2)
    throw new FitError(
      `at least half of the resampled runs must determine a law (got ${laws.length} of ${resamples}). ` +
        'Add sizes, numbers of tokens or seeds',
    )
  const of = (value: (law: ScalingLaw) => number) => intervalOf(laws.map(value))
  const keys = ['E', 'A', 'a', 'B', 'b'] as const
  return {
    law,
    intervals: {
      ...(Object.fromEntries(keys.map((key) => [key, of((each) => each[key])])) as Record<keyof ScalingLaw, Interval>),
      optimal: of((each) => optimalExponents(each).parameters),
    },
    resamples,
    resampledFits: laws.length,
    residual: Math.sqrt(
      mean(points.map(({ parameters, tokens, loss }) => Math.log(lossOfLaw(law, parameters, tokens) / loss) ** 2)),
    ),
    heldOut: heldOutOf(points),
  }
}

/** The fit itself, and others from which a resample may find a lower minimum. */
function startsAround(law: ScalingLaw): ScalingLaw[] {
  const floors = [1, 0.5, 0.1].map((part) => ({ ...law, E: law.E * part }))
  const steeper = { ...law, a: law.a * 1.5, b: law.b * 1.5 }
  return [...floors, steeper]
}

function heldOutOf(points: readonly ScalingPoint[]): HeldOut | null {
  const { parameters, tokens } = points.reduce((most, each) =>
    each.parameters * each.tokens > most.parameters * most.tokens ? each : most,
  )
  const isLargest = (each: ScalingPoint) => each.parameters === parameters && each.tokens === tokens
  const law = unless(() => {
    const rest = points.filter((each) => !isLargest(each))
    checkDesign(rest)
    return fitLaw(rest)
  })
  if (law === null) return null
  const measured = mean(points.filter(isLargest).map(({ loss }) => loss))
  return { parameters, tokens, predicted: lossOfLaw(law, parameters, tokens), measured }
}

function unless<T>(make: () => T): T | null {
  try {
    return make()
  } catch (error) {
    if (error instanceof FitError) return null
    throw error
  }
}

/** From the 2.5 % to the 97.5 % quantile. */
function intervalOf(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]
  return { low: at(0.025), high: at(0.975) }
}
