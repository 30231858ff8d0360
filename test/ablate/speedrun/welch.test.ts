/** Welch's test against published quantiles and against another way to compute the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fasterTest } from '../../../src/ablate/index.js'
import { upperTail } from '../../../src/ablate/speedrun/welch.js'
import { createRandom } from '../../../src/tasks/index.js'

test("Student's upper tail: the quantiles of tables, and closed forms for one and two degrees of freedom", () => {
  const table: readonly (readonly [number, number, number])[] = [
    [12.706, 1, 0.025],
    [4.303, 2, 0.025],
    [2.571, 5, 0.025],
    [2.764, 10, 0.01],
    [3.365, 5, 0.01],
    [2.042, 30, 0.025],
    [1.66, 100, 0.05],
    [5.893, 5, 0.001],
  ]
  for (const [t, degrees, p] of table) assert.ok(Math.abs(upperTail(t, degrees) / p - 1) < 2e-3, `${t}, ${degrees}`)
  for (const t of [-3, -0.1, 0, 0.7, 4, 60]) {
    assert.ok(Math.abs(upperTail(t, 1) - (0.5 - Math.atan(t) / Math.PI)) < 1e-12)
    assert.ok(Math.abs(upperTail(t, 2) - (0.5 - t / (2 * Math.sqrt(2 + t * t)))) < 1e-12)
  }
  // The integral of the density for degrees of freedom between integers, without its constant.
  const density = (x: number) => (1 + (x * x) / 3.7) ** (-(3.7 + 1) / 2)
  const integral = (from: number) => {
    // x = tan(u) maps the half line to an interval.
    const [low, high] = [Math.atan(from), Math.PI / 2]
    const n = 20000
    let sum = 0
    for (let i = 0; i < n; i++) {
      const u = low + ((i + 0.5) / n) * (high - low)
      sum += density(Math.tan(u)) / Math.cos(u) ** 2
    }
    return (sum * (high - low)) / n
  }
  assert.ok(Math.abs(upperTail(1.9, 3.7) - integral(1.9) / (2 * integral(0))) < 1e-6)
})

test("Welch's t, its degrees of freedom and p, of a worked example", () => {
  // x with mean 3 and variance 2.5, y with mean 6 and variance 10; n = 5 each: t = 3 / sqrt(2.5), degrees 6.25 / 1.0625.
  const { t, degreesOfFreedom, p } = fasterTest([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])!
  assert.ok(Math.abs(t - 3 / Math.sqrt(2.5)) < 1e-12)
  assert.ok(Math.abs(degreesOfFreedom - 6.25 / 1.0625) < 1e-12)
  assert.ok(p > 0.05 && p < 0.06, String(p))
  const reversed = fasterTest([2, 4, 6, 8, 10], [1, 2, 3, 4, 5])!
  assert.ok(Math.abs(reversed.p - (1 - p)) < 1e-12, 'one-sided')
  assert.deepEqual(fasterTest([1, 1], [2, 2])!.p, 0)
  assert.equal(fasterTest([2, 2], [2, 2])!.p, 1)
  assert.equal(fasterTest([1], [2, 3]), null)
})

test('of recipes that are equal to the record one in a hundred passes at p < 0.01', () => {
  const { uniform } = createRandom(5)
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  const times = (count: number, deviation: number) => Array.from({ length: count }, () => 10 + deviation * normal())
  for (const deviation of [1, 4]) {
    let passed = 0
    for (let i = 0; i < 4000; i++) if (fasterTest(times(5, deviation), times(5, 1))!.p < 0.01) passed++
    assert.ok(passed > 15 && passed < 65, String(passed))
  }
})
