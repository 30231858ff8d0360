/** Activations that the original cannot run; those that it can are in test/parity. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activationNames, type ActivationName } from '../../src/config/keys/activation-names.js'
import { ACTIVATIONS } from '../../src/model/activations.js'
import { constant, dim, gradients, total, type Tensor } from '../../src/tensor/index.js'
import { evaluate } from '../tensor/check.js'

const starts = (_: string, value: number) => constant(value, 'f32') as unknown as Tensor

/** Values and slopes of several functions, in one program. */
async function tables(
  functions: readonly ((x: Tensor) => Tensor)[],
  points: readonly number[],
): Promise<{ y: number[]; slope: number[] }[]> {
  const along = dim('n', points.length)
  const found = await evaluate(
    (x) =>
      functions.flatMap((f) => {
        const y = f(x)
        return [y, gradients([total(y)], [constant(1, 'f32')], [x])[0] ?? x.mul(0)]
      }),
    [{ dims: [along], dtype: 'f32', values: points }],
  )
  return functions.map((_, i) => ({ y: found[2 * i].values, slope: found[2 * i + 1].values }))
}

test('those that the original cannot run: values, and derivatives against differences', async () => {
  const plain: Partial<Record<ActivationName, (x: number) => number>> = {
    spike: (x) => 1 / (1 + x * x),
    spike2: (x) => Math.exp(-x * x),
    tanhshrink: (x) => x - Math.tanh(x),
    arcsinh: Math.asinh,
    seagull: (x) => Math.log1p(x * x),
    snake: (x) => x + Math.sin(x) ** 2,
    roottanh: (x) => Math.cbrt(x * x + 1) * Math.tanh(x),
    prelu: (x) => (x > 0 ? x : 0.2 * x),
    parcsinh: (x) => Math.asinh(x * (1 + Math.LN2)),
    aria: (x) => x / (Math.LN2 + Math.exp(-x)) ** (1 / (1 + Math.LN2)),
    proottanh: (x) => (Math.abs(x) ** (2 + Math.LN2) + 1 + Math.LN2) ** (1 / (3 + Math.LN2)) * Math.tanh(x),
  }
  const points = [-20, -3, -1.3, -0.2, 0.1, 0.7, 2.5, 20]
  const names = Object.keys(plain) as ActivationName[]
  const results = await tables(
    names.map((name) => (x) => ACTIVATIONS[name](x, dim('n', points.length), starts)),
    points,
  )
  for (const [i, name] of names.entries()) {
    const [f, found] = [plain[name]!, results[i]]
    points.forEach((x, i) => {
      assert.ok(
        Math.abs(found.y[i] - f(x)) <= 1e-5 * Math.max(1, Math.abs(f(x))),
        `${name} at ${x}: ${found.y[i]}, not ${f(x)}`,
      )
      const slope = (f(x + 1e-5) - f(x - 1e-5)) / 2e-5
      assert.ok(
        Math.abs(found.slope[i] - slope) <= 1e-4 * Math.max(1, Math.abs(slope)),
        `slope of ${name} at ${x}: ${found.slope[i]}, not ${slope}`,
      )
    })
  }
})

test('every name of the config has one; far from 0 values and derivatives stay finite', async () => {
  const points = [-300, -90, 90, 300]
  const results = await tables(
    activationNames.map((name) => (x) => ACTIVATIONS[name](x, dim('n', points.length), starts)),
    points,
  )
  for (const [i, name] of activationNames.entries()) {
    const { y, slope } = results[i]
    assert.ok([...y, ...slope].every(Number.isFinite), `${name}: ${y}; ${slope}`)
  }
})
