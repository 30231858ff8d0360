/** Scaling laws recovered from made-up runs, and the errors where runs do not determine one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  fitScaling,
  lossOfLaw,
  optimalExponents,
  type ScalingLaw,
  type ScalingPoint,
} from '../../../src/ablate/index.js'
import { createRandom } from '../../../src/tasks/index.js'

/** Hoffmann et al. 2022, table A3 (approach 3); then one that depends more on size, and one without a floor to speak of. */
const LAWS: readonly ScalingLaw[] = [
  { E: 1.69, A: 406.4, a: 0.34, B: 410.7, b: 0.28 },
  { E: 2, A: 30, a: 0.4, B: 2000, b: 0.6 },
  { E: 0.5, A: 20, a: 0.2, B: 20, b: 0.2 },
]
const SIZES = [24e3, 55e3, 124e3, 300e3, 700e3]
const LENGTHS = [120e3, 240e3, 480e3, 960e3]

/** Two seeds of each size and length, with normal noise of log loss. */
function runsOf(law: ScalingLaw, noise: number, seed: number, sizes = SIZES, lengths = LENGTHS): ScalingPoint[] {
  const { uniform } = createRandom(seed, 99)
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return sizes.flatMap((parameters) =>
    lengths.flatMap((tokens) =>
      [1, 2].map(() => ({ parameters, tokens, loss: lossOfLaw(law, parameters, tokens) * Math.exp(noise * normal()) })),
    ),
  )
}

test('without noise the constants are found to eight digits, and the largest training is predicted', () => {
  for (const law of LAWS) {
    const { law: found, residual, heldOut, intervals } = fitScaling(runsOf(law, 0, 1), { resamples: 20 })
    for (const key of ['E', 'A', 'a', 'B', 'b'] as const) {
      assert.ok(Math.abs(found[key] / law[key] - 1) < 1e-8, `${key}: ${found[key]} for ${law[key]}`)
      assert.ok(Math.abs(intervals[key].high / intervals[key].low - 1) < 1e-6)
    }
    assert.ok(residual < 1e-9)
    assert.deepEqual([heldOut!.parameters, heldOut!.tokens], [700e3, 960e3])
    assert.ok(Math.abs(heldOut!.predicted / heldOut!.measured - 1) < 1e-8)
  }
})

test('with noise the intervals hold the exponents that made the runs, and widen with the noise', () => {
  const [law] = LAWS
  let held = 0
  const widths: number[] = []
  for (const noise of [0.002, 0.01])
    for (let seed = 1; seed <= 4; seed++) {
      const { intervals } = fitScaling(runsOf(law, noise, seed), { resamples: 50 })
      for (const key of ['a', 'b'] as const) {
        const { low, high } = intervals[key]
        if (low <= law[key] && law[key] <= high) held++
        widths.push(high - low)
      }
    }
  // Of 16; the bootstrap of few runs is somewhat narrow.
  assert.ok(held >= 13, String(held))
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  assert.ok(sum(widths.slice(8)) > 2 * sum(widths.slice(0, 8)), String(widths))
})

test('one run that is far off moves the law little: the loss is Huber’s', () => {
  const [law] = LAWS
  const runs = runsOf(law, 0, 1)
  const wild = runs.map((run, i) => (i === 7 ? { ...run, loss: run.loss * 1.5 } : run))
  const { law: found } = fitScaling(wild, { resamples: 20 })
  assert.ok(Math.abs(found.a - law.a) < 0.01 && Math.abs(found.b - law.b) < 0.01, JSON.stringify(found))
})

test('the same runs give the same fit; the exponents of the best size and length add up to one', () => {
  const runs = runsOf(LAWS[1], 0.005, 3)
  assert.deepEqual(fitScaling(runs, { resamples: 30 }), fitScaling(runs, { resamples: 30 }))
  const { parameters, tokens } = optimalExponents(LAWS[1])
  assert.ok(Math.abs(parameters - 0.6) < 1e-12 && Math.abs(parameters + tokens - 1) < 1e-12)
  // Of all N and D with 6 N D = C the best N grows as C to that power.
  const bestAt = (compute: number) => {
    const sizes = Array.from({ length: 4001 }, (_, i) => 1e4 * 1e4 ** (i / 4000))
    return sizes.reduce((best, n) =>
      lossOfLaw(LAWS[1], n, compute / (6 * n)) < lossOfLaw(LAWS[1], best, compute / (6 * best)) ? n : best,
    )
  }
  const grown = Math.log(bestAt(1e14) / bestAt(1e12)) / Math.log(100)
  assert.ok(Math.abs(grown - parameters) < 0.01, String(grown))
})

test('runs that do not determine a law are refused with the reason', () => {
  const [law] = LAWS
  const cases: [ScalingPoint[], RegExp][] = [
    [
      runsOf(law, 0, 1, SIZES.slice(0, 2)),
      /^a scaling law must have at least 3 different numbers of parameters \(got 2\)\./,
    ],
    [runsOf(law, 0, 1, SIZES, [120e3]), /^a scaling law must have at least 3 different numbers of tokens \(got 1\)\./],
    [
      SIZES.map((parameters) => ({
        parameters,
        tokens: 20 * parameters,
        loss: lossOfLaw(law, parameters, 20 * parameters),
      })),
      /^a scaling law must have at least 6 pairs of size and tokens \(got 5\)\./,
    ],
    [
      runsOf(law, 0, 1).map((run, i) => ({ ...run, tokens: 20 * run.parameters * (1 + 0.01 * (i % 3)) })),
      /^sizes and tokens must vary apart from each other \(got a correlation of 1\.00/,
    ],
    [
      runsOf(law, 0, 1).map((run) => ({ ...run, loss: 3 + 400 / run.tokens ** 0.3 + run.parameters / 1e6 })),
      /^loss must fall with parameters for a scaling law \(got an exponent of -/,
    ],
    [runsOf(law, 0, 1).map((run) => ({ ...run, loss: NaN })), /^losses must be finite numbers > 0 \(got NaN\)/],
  ]
  for (const [runs, wanted] of cases)
    assert.throws(() => fitScaling(runs, { resamples: 5 }), { name: 'FitError', message: wanted })
  assert.throws(() => fitScaling(runsOf(law, 0, 1), { resamples: 0 }), {
    message: /^resamples must be an integer >= 1/,
  })
})
