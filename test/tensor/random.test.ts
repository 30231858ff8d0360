import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as t from '../../src/tensor/index.js'
import { close, evaluate } from './check.js'

const n = t.dim('n', 20000)
const word = (value: number) => t.constant(value, 'u32')

test('threefry-2x32 gives the published vectors', async () => {
  // Random123's kat_vectors, threefry 2x32 20 rounds: counter, key, result.
  const vectors = [
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
  ]
  for (const [x0, x1, k0, k1, ...wanted] of vectors) {
    const out = await evaluate(
      () => t.random.threefry({ high: word(k0), low: word(k1) }, word(x0) as any, word(x1) as any),
      [],
    )
    assert.deepEqual(
      out.map(({ values }) => values[0] >>> 0),
      wanted,
    )
  }
})
test('an element depends on the key and its index alone: a longer array begins with the shorter', async () => {
  const [a, b] = await evaluate(
    () => [
      t.random.bits(t.random.key(7), [t.dim('a', 3), t.dim('b', 4)]),
      t.random.bits(t.random.key(7), [t.dim('c', 30)]),
    ],
    [],
  )
  assert.deepEqual(a.values, b.values.slice(0, 12))
  assert.equal(new Set(b.values).size, 30)
})
test('folded and split keys differ; a key with dims gives rows of its own', async () => {
  const row = t.dim('row', 3),
    col = t.dim('col', 50)
  const out = await evaluate(() => {
    const k = t.random.key(1)
    const rows = t.random.foldIn(k, t.range(row, 'u32'))
    return [
      t.random.bits(rows, [row, col]),
      ...[0, 1, 2].map((i) => t.random.bits(t.random.foldIn(k, i), [col])),
    ] as t.Value[]
  }, [])
  assert.deepEqual(
    out[0].values,
    out.slice(1).flatMap(({ values }) => values),
  )
})
test('moments of the distributions', async () => {
  const moments = (xs: number[]) => {
    const m = xs.reduce((a, b) => a + b) / xs.length
    return [m, Math.sqrt(xs.reduce((s, x) => s + (x - m) ** 2, 0) / xs.length)]
  }
  const k = () => t.random.key(42)
  const out = await evaluate(
    () => [
      t.random.uniform(k(), [n]),
      t.random.normal(k(), [n]),
      t.random.truncatedNormal(k(), [n]),
      t.random.gumbel(k(), [n]),
      t.random.bernoulli(k(), 0.3, [n]).cast('f32'),
    ],
    [],
  )
  const wanted = [
    [0.5, 0.2887],
    [0, 1],
    [0, 0.8796],
    [0.5772, 1.2825],
    [0.3, 0.4583],
  ]
  out.forEach(({ values }, i) => close(moments(values), wanted[i], 0.025, `distribution ${i}`))
  assert.ok(out[0].values.every((x) => x >= 0 && x < 1))
  assert.ok(out[2].values.every((x) => Math.abs(x) < 2))
})
