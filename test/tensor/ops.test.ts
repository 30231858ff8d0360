import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as t from '../../src/tensor/index.js'
import { checkOp, type Numbers } from './check.js'

const { dim } = t
const batch = dim('batch', 2),
  sequence = dim('sequence', 5),
  embd = dim('embd', 3),
  heads = dim('heads', 7)

/** A function of numbers on nested arrays. */
const each =
  (f: (...xs: number[]) => number) =>
  (...xs: Numbers[]): Numbers =>
    Array.isArray(xs[0]) ? xs[0].map((_, i) => each(f)(...xs.map((x) => (x as Numbers[])[i]))) : f(...(xs as number[]))

const unary: [string, (x: any) => t.Value, (x: number) => number, number?, number?][] = [
  ['neg', t.neg, (x) => -x],
  ['abs', t.abs, Math.abs],
  ['exp', t.exp, Math.exp],
  ['expm1', t.expm1, Math.expm1],
  ['log', t.log, Math.log, 0.3, 3],
  ['log1p', t.log1p, Math.log1p, -0.7, 3],
  ['sqrt', t.sqrt, Math.sqrt, 0.3, 3],
  ['rsqrt', t.rsqrt, (x) => 1 / Math.sqrt(x), 0.3, 3],
  ['tanh', t.tanh, Math.tanh],
  ['sin', t.sin, Math.sin],
  ['cos', t.cos, Math.cos],
  ['sigmoid', t.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  ['square', t.square, (x) => x * x],
  ['relu', t.relu, (x) => Math.max(x, 0)],
]
for (const [name, run, oracle, low, high] of unary)
  test(`${name}: values and gradient`, () =>
    checkOp({ inputs: [[batch, sequence]], run, oracle: each(oracle), low, high }))

for (const [name, run, oracle] of [
  ['floor', t.floor, Math.floor],
  ['sign', t.sign, Math.sign],
] as const)
  test(`${name}: values`, () => checkOp({ inputs: [[batch, sequence]], run, oracle: each(oracle), gradient: false }))

const binary: [string, (a: any, b: any) => t.Value, (a: number, b: number) => number, number?, number?][] = [
  ['add', t.add, (a, b) => a + b],
  ['sub', t.sub, (a, b) => a - b],
  ['mul', t.mul, (a, b) => a * b],
  ['div', t.div, (a, b) => a / b, 0.5, 2],
  ['pow', t.pow, (a, b) => a ** b, 0.5, 2],
  ['maximum', t.maximum, Math.max],
  ['minimum', t.minimum, Math.min],
]
for (const [name, run, oracle, low, high] of binary) {
  test(`${name}: values and gradient`, () =>
    checkOp({
      inputs: [
        [batch, sequence],
        [batch, sequence],
      ],
      run,
      oracle: each(oracle),
      low,
      high,
    }))
  test(`${name}: broadcasts by name, whatever the order`, () =>
    checkOp({
      inputs: [[sequence], [sequence, batch]],
      run,
      low,
      high,
      oracle: (a: number[], b: number[][]) => b.map((row, s) => row.map((x) => oracle(a[s], x))),
    }))
}

const ints: [string, (a: any, b: any) => t.Value, (a: number, b: number) => number][] = [
  ['remainder', t.remainder, (a, b) => a % b],
  ['and', t.and, (a, b) => a & b],
  ['or', t.or, (a, b) => a | b],
  ['xor', t.xor, (a, b) => a ^ b],
  ['shiftLeft', t.shiftLeft, (a, b) => a << b],
  ['shiftRight', t.shiftRight, (a, b) => (a >>> b) | 0],
]
for (const [name, run, oracle] of ints)
  test(`${name}: integers`, () =>
    checkOp({
      inputs: [
        { dims: [sequence], dtype: 'i32', values: [-7, 6, 1 << 30, 123456, -1] },
        { dims: [sequence], dtype: 'i32', values: [3, 4, 1, 7, 5] },
      ],
      run,
      oracle: each(oracle),
    }))

for (const [direction, oracle] of Object.entries({
  EQ: (a: number, b: number) => a === b,
  NE: (a: number, b: number) => a !== b,
  LT: (a: number, b: number) => a < b,
  LE: (a: number, b: number) => a <= b,
  GT: (a: number, b: number) => a > b,
  GE: (a: number, b: number) => a >= b,
}))
  test(`compare ${direction}`, () =>
    checkOp({
      inputs: [
        { dims: [sequence], values: [1, 2, 3, NaN, 0] },
        { dims: [sequence], values: [1, 3, 2, NaN, -0] },
      ],
      run: (a, b) => t.compare(a, direction as t.Direction, b),
      oracle: each((a, b) => Number(oracle(a, b))),
      gradient: false,
    }))

test('where: values and gradient', () =>
  checkOp({
    inputs: [{ dims: [sequence], dtype: 'bool', values: [1, 0, 1, 1, 0] }, [batch, sequence], [batch]],
    run: t.where as any,
    oracle: (c: number[], a: number[][], b: number[]) => a.map((row, i) => row.map((x, j) => (c[j] ? x : b[i]))),
  }))
test('sum over one dim, two, and all', async () => {
  const x = [batch, sequence, embd]
  await checkOp({
    inputs: [x],
    run: (x) => x.sum(sequence),
    oracle: (x: number[][][]) => x.map((m) => m[0].map((_, e) => m.reduce((s, r) => s + r[e], 0))),
  })
  await checkOp({
    inputs: [x],
    run: (x) => x.sum(embd, batch),
    oracle: (x: number[][][]) => x[0].map((_, s) => x.reduce((a, m) => a + m[s][0] + m[s][1] + m[s][2], 0)),
  })
  await checkOp({
    inputs: [x],
    run: (x) => t.total(x),
    oracle: (x: Numbers[]) => (x.flat(3) as number[]).reduce((a, b) => a + b),
  })
})
test('max, min, mean: values and gradient', async () => {
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => x.max(sequence),
    oracle: (x: number[][]) => x.map((row) => Math.max(...row)),
  })
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => x.min(sequence),
    oracle: (x: number[][]) => x.map((row) => Math.min(...row)),
  })
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => x.mean(sequence),
    oracle: (x: number[][]) => x.map((row) => row.reduce((a, b) => a + b) / 5),
  })
})
for (const [name, oracle] of [
  ['sum', (xs: number[]) => xs.reduce((a, b) => a + b)],
  ['mean', (xs: number[]) => xs.reduce((a, b) => a + b) / xs.length],
  ['max', (xs: number[]) => Math.max(...xs)],
  ['min', (xs: number[]) => Math.min(...xs)],
] as const)
  test(`${name} without dims is over all of them: a scalar, in its type, too`, async () => {
    for (const dims of [[batch, sequence, embd], [sequence], []])
      for (const run of [(x: any) => x[name](), t[name] as any])
        await checkOp({ inputs: [dims], run, oracle: (x: Numbers) => oracle([x].flat(9) as number[]) })
    t.trace(
      (x: t.Tensor<'batch' | 'sequence'>) => {
        const whole: t.Tensor<never> = x[name]()
        const rows: t.Tensor<'batch'> = t[name](x, sequence)
        // @ts-expect-error nothing is left of the dims
        const wrong: t.Tensor<'batch'> = x[name]()
        assert.deepEqual([whole.dims, rows.dims, wrong.dims], [[], [batch], []])
        assert.throws(() => x[name](batch, batch), { message: /^\w+: dim "batch" is given twice/ })
        return whole
      },
      [t.spec([batch, sequence])],
    )
  })
test('pow: gradients at 0 are 0, as in JAX, and so are second ones', async () => {
  const grads = (a: any, b: any) => t.gradients([t.total(t.pow(a, b))], [t.constant(1, 'f32')], [a, b]) as any[]
  await checkOp({
    inputs: [
      { dims: [sequence], values: [0, 0, 2, 0, -2] },
      { dims: [sequence], values: [0, 2, 0, 1, 2] },
    ],
    run: grads,
    oracle: () => [
      [0, 0, 0, 1, -4],
      [0, 0, Math.log(2), 0, NaN],
    ],
    gradient: false,
  })
  await checkOp({
    inputs: [
      { dims: [embd], values: [0, 2, 0] },
      { dims: [embd], values: [0, 0, 3] },
    ],
    run: (a, b) => t.gradients([t.total(grads(a, b)[0])], [t.constant(1, 'f32')], [a]) as any[],
    oracle: () => [0, 0, 0],
    gradient: false,
  })
})
test('NaN counts as the largest for argmax, the first one wins; maximum, minimum and relu pass it on', async () => {
  const x = { dims: [batch, sequence], values: [1, NaN, 3, 2, NaN, 5, Infinity, -1, 7, NaN] }
  await checkOp({ inputs: [x], run: (x) => t.argmax(x, sequence), oracle: () => [1, 4], gradient: false })
  await checkOp({
    inputs: [{ dims: [sequence], values: [-1, NaN, 3, 0, -Infinity] }],
    run: (x) => [t.maximum(x, 1), t.minimum(x, 1), t.relu(x)],
    oracle: () => [
      [1, NaN, 3, 1, 1],
      [-1, NaN, 1, 0, -Infinity],
      [0, NaN, 3, 0, 0],
    ],
    gradient: false,
  })
})
test('NaN wins in max and min over dims, in every float type, on both engines; integers have none', async () => {
  const x = { dims: [batch, sequence], values: [1, NaN, 3, 2, 4, 5, Infinity, -1, -Infinity, 0] }
  for (const dtype of ['f32', 'bf16', 'f16'] as const)
    await checkOp({
      inputs: [x],
      run: (x) => {
        const y = t.cast(x, dtype)
        return [t.max(y, sequence), t.min(y, sequence), t.max(y), t.min(y), t.max(y, batch)].map((z: any) =>
          t.cast(z, 'f32'),
        )
      },
      oracle: () => [[NaN, Infinity], [NaN, -Infinity], NaN, NaN, [5, NaN, 3, 2, 4]],
      gradient: false,
    })
  await checkOp({
    inputs: [{ dims: [sequence], dtype: 'i32', values: [3, -1, 2, 0, 1] }],
    run: (x) => [t.max(x), t.min(x)],
    oracle: () => [3, -1],
    gradient: false,
  })
})
test('argmax takes the first at a tie', () =>
  checkOp({
    inputs: [{ dims: [batch, sequence], values: [1, 3, 3, 2, 0, -1, -5, -1, -2, -9] }],
    run: (x) => t.argmax(x, sequence),
    oracle: () => [1, 0],
    gradient: false,
  }))
test('softmax and logsumexp: values and gradient, no overflow', async () => {
  const soft = (row: number[]) => {
    const top = Math.max(...row),
      e = row.map((x) => Math.exp(x - top)),
      s = e.reduce((a, b) => a + b)
    return e.map((x) => x / s)
  }
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => t.softmax(x, sequence),
    oracle: (x: number[][]) => x.map(soft),
  })
  await checkOp({
    inputs: [{ dims: [sequence], values: [1000, 999, -1000, 1000, 0] }],
    run: (x) => t.softmax(x, sequence),
    oracle: soft,
    gradient: false,
  })
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => t.logsumexp(x, batch),
    oracle: (x: number[][]) => x[0].map((_, j) => Math.log(Math.exp(x[0][j]) + Math.exp(x[1][j]))),
  })
})
test('transpose, rename, reshape, broadcast', async () => {
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => t.transpose(x, [sequence, batch]),
    oracle: (x: number[][]) => x[0].map((_, j) => x.map((row) => row[j])),
  })
  await checkOp({ inputs: [[batch, sequence]], run: (x) => x.rename(sequence, dim('memory', 5)), oracle: (x) => x })
  await checkOp({ inputs: [[dim('a', 6), embd]], run: (x) => t.reshape(x, [batch, dim('z', 9)]), oracle: (x) => x })
  await checkOp({
    inputs: [[embd]],
    run: (x) => t.broadcast(x, [batch, embd, sequence]),
    oracle: (x: number[]) => [0, 1].map(() => x.map((v) => Array(5).fill(v))),
  })
})
test('slice, pad, concat: values and gradient', async () => {
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => t.slice(x, sequence, 1, 3),
    oracle: (x: number[][]) => x.map((row) => row.slice(1, 4)),
  })
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => t.pad(x, sequence, 2, 1, 9),
    oracle: (x: number[][]) => x.map((row) => [9, 9, ...row, 9]),
  })
  await checkOp({
    inputs: [
      [batch, sequence],
      [batch, dim('sequence', 2)],
    ],
    run: (a, b) => t.concat([a, b], 'sequence'),
    oracle: (a: number[][], b: number[][]) => a.map((row, i) => [...row, ...b[i]]),
  })
})
test('dynamicSlice and dynamicUpdateSlice clamp the start', async () => {
  for (const [start, at] of [
    [1, 1],
    [9, 2],
    [-3, 0],
  ])
    await checkOp({
      inputs: [[batch, sequence], { dims: [], dtype: 'i32', values: [start] }],
      run: (x, s) => t.dynamicSlice(x, sequence, s, 3),
      oracle: (x: number[][]) => x.map((row) => row.slice(at, at + 3)),
    })
  await checkOp({
    inputs: [[batch, sequence], [batch, dim('sequence', 2)], { dims: [], dtype: 'i32', values: [1] }],
    run: (x, u, s) => t.dynamicUpdateSlice(x, sequence, s, u),
    oracle: (x: number[][], u: number[][]) => x.map((row, i) => [row[0], ...u[i], ...row.slice(3)]),
  })
})
test('take: values and gradient, repeated ids; embed gives zeros outside', async () => {
  const ids = { dims: [batch, dim('n', 3)], dtype: 'i32' as const, values: [4, 0, 4, 1, 4, 2] }
  await checkOp({
    inputs: [[sequence, embd], ids],
    run: (x, i) => t.take(x, sequence, i),
    oracle: (x: number[][], i: number[][]) => i.map((r) => r.map((k) => x[k])),
  })
  await checkOp({
    inputs: [[embd, sequence], ids],
    run: (x, i) => t.take(x, sequence, i),
    oracle: (x: number[][], i: number[][]) => x.map((row) => i.map((r) => r.map((k) => row[k]))),
  })
  const outside = { ...ids, values: [4, 5, -1, 1, 4, 99] }
  await checkOp({
    inputs: [[sequence, embd], outside],
    run: (x, i) => t.embed(x, sequence, i),
    oracle: (x: number[][], i: number[][]) => i.map((r) => r.map((k) => x[k] ?? [0, 0, 0])),
  })
})
test('pick and oneHot', async () => {
  const ids = { dims: [batch], dtype: 'i32' as const, values: [3, 7] }
  await checkOp({
    inputs: [[batch, sequence], ids],
    run: (x, i) => t.pick(x, sequence, i),
    oracle: (x: number[][]) => [x[0][3], 0],
  })
  await checkOp({
    inputs: [ids],
    run: (i) => t.oneHot(i, sequence),
    oracle: () => [
      [0, 0, 0, 1, 0],
      [0, 0, 0, 0, 0],
    ],
  })
})
test('cumsum: forwards, backwards, exclusive', async () => {
  const running = (row: number[]) => row.map((_, i) => row.slice(0, i + 1).reduce((a, b) => a + b))
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => t.cumsum(x, sequence),
    oracle: (x: number[][]) => x.map(running),
  })
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => t.cumsum(x, sequence, { reverse: true }),
    oracle: (x: number[][]) => x.map((row) => running([...row].reverse()).reverse()),
  })
  await checkOp({
    inputs: [[batch, sequence]],
    run: (x) => t.cumsum(x, sequence, { exclusive: true }),
    oracle: (x: number[][]) => x.map((row) => [0, ...running(row).slice(0, 4)]),
  })
})
test('sort and topK: stable, both directions', async () => {
  const x = { dims: [batch, sequence], values: [3, 1, 3, 2, 0, -1, 5, 5, 0.5, 4] }
  await checkOp({
    inputs: [x],
    run: (x) => t.sort(x, sequence),
    oracle: () => [
      [
        [0, 1, 2, 3, 3],
        [-1, 0.5, 4, 5, 5],
      ],
      [
        [4, 1, 3, 0, 2],
        [0, 3, 4, 1, 2],
      ],
    ],
    gradient: false,
  })
  await checkOp({
    inputs: [x],
    run: (x) => t.topK(x, sequence, 2),
    oracle: () => [
      [
        [3, 3],
        [5, 5],
      ],
      [
        [0, 2],
        [1, 2],
      ],
    ],
    gradient: false,
  })
  await checkOp({ inputs: [[batch, sequence]], run: (x) => t.topK(x, sequence, 3)[0] })
})
test('cast: floats to integers truncate, bool is not zero', async () => {
  await checkOp({
    inputs: [{ dims: [sequence], values: [1.7, -1.7, 0, 2.5, -0.2] }],
    run: (x) => x.cast('i32'),
    oracle: () => [1, -1, 0, 2, 0],
    gradient: false,
  })
  await checkOp({
    inputs: [{ dims: [sequence], values: [1.7, -1.7, 0, 2.5, -0.2] }],
    run: (x) => x.cast('bool'),
    oracle: () => [1, 1, 0, 1, 1],
    gradient: false,
  })
  await checkOp({
    inputs: [{ dims: [embd], values: [1.00390625, 1 / 3, -257] }],
    run: (x) => x.cast('bf16').cast('f32'),
    oracle: () => [1, 0.333984375, -256],
    gradient: false,
  })
})
test('einsum: contraction, batch, sums, transposes, three operands, no contraction', async () => {
  const product = (x: number[][][], w: number[][]) =>
    x.map((m) => m.map((row) => w[0].map((_, h) => row.reduce((s, v, e) => s + v * w[e][h], 0))))
  await checkOp({
    inputs: [
      [batch, sequence, embd],
      [embd, heads],
    ],
    run: (x, w) => t.einsum([x, w], [batch, sequence, heads]),
    oracle: product,
  })
  await checkOp({
    inputs: [
      [batch, sequence, embd],
      [embd, heads],
    ],
    run: (x, w) => t.einsum([w, x], [batch, sequence, heads]),
    oracle: product,
  })
  await checkOp({
    inputs: [
      [batch, sequence, embd],
      [embd, heads],
    ],
    run: (x, w) => t.einsum([x, w], [heads, batch, sequence]),
    oracle: (x, w) => heads7.map((h) => product(x, w).map((m) => m.map((r) => r[h]))),
  })
  await checkOp({
    inputs: [
      [batch, sequence],
      [batch, embd],
    ],
    run: (a, b) => t.einsum([a, b], [batch, sequence, embd]),
    oracle: (a: number[][], b: number[][]) => a.map((r, i) => r.map((x) => b[i].map((y) => x * y))),
  })
  await checkOp({
    inputs: [
      [batch, sequence],
      [embd, batch],
    ],
    run: (a, b) => t.einsum([a, b], [embd]),
    oracle: (a: number[][], b: number[][]) =>
      b.map((r) => r.reduce((s, y, i) => s + y * a[i].reduce((p, q) => p + q), 0)),
  })
  await checkOp({
    inputs: [
      [batch, sequence],
      [sequence, embd],
      [embd, heads],
    ],
    run: (a, b, c) => t.einsum([a, b, c], [heads, batch]),
  })
  await checkOp({
    inputs: [
      [batch, heads, sequence, embd],
      [batch, dim('memory', 4), heads, embd],
    ],
    run: (q, k) => t.einsum([q, k], [batch, heads, sequence, dim('memory', 4)]),
  })
})
const heads7 = [0, 1, 2, 3, 4, 5, 6]
