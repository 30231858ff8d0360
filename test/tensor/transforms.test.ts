import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as t from '../../src/tensor/index.js'
import { checkOp, close, evaluate, numbers } from './check.js'

const batch = t.dim('batch', 2),
  embd = t.dim('embd', 3),
  hidden = t.dim('hidden', 5),
  layers = t.dim('layers', 4)

/** A layer with a weight each, a weight shared by all, and an integer in the carry. */
function layered(keep?: t.Keep, reverse = false) {
  return (x: any, w: any, shared: any) => {
    const [[last, steps], ys] = t.scan(
      layers,
      [x, t.constant(0, 'i32')] as const,
      w,
      ([h, n]: readonly [any, any], wi: any) => {
        const up = t.einsum([h, wi], [batch, hidden]).tanh()
        const next = h.add(t.einsum([up, shared], [batch, embd]).mul(n.cast('f32').add(1)))
        return [[next, n.add(1)] as const, next.mul(2)] as const
      },
      { keep, reverse },
    )
    return [last, ys, steps]
  }
}
/** The same, unrolled. */
function unrolled(x: any, w: any, shared: any) {
  const ys: any[] = []
  for (let i = 0; i < layers.size; i++) {
    const wi = t.reshape(t.slice(w, layers, i, 1), [embd, hidden])
    const up = t.einsum([x, wi], [batch, hidden]).tanh()
    x = x.add(t.einsum([up, shared], [batch, embd]).mul(i + 1))
    ys.push(t.reshape(x.mul(2), [t.dim('layers', 1), batch, embd]))
  }
  return [x, t.concat(ys, 'layers'), t.constant(4, 'i32')]
}
const inputs = [
  [batch, embd],
  [layers, embd, hidden],
  [hidden, embd],
] as const

test('scan: values and gradient equal those of the unrolled loop, whatever is kept', async () => {
  const next = numbers(3)
  const given = inputs.map((dims) => ({
    dims,
    dtype: 'f32' as const,
    values: Array.from({ length: t.sizeOf(dims) }, () => Math.fround(next() - 0.5)),
  }))
  const both =
    (f: (...xs: any[]) => any[]) =>
    (...xs: t.Tensor[]) => {
      const ys = f(...xs)
      return [...ys, ...t.gradients(ys, [ys[0].mul(0).add(1), ys[1].mul(0).add(0.5), null], xs).map((g) => g!)]
    }
  const wanted = await evaluate(both(unrolled), given)
  for (const keep of ['all', 'products', 'nothing'] as const) {
    const found = await evaluate(both(layered(keep)), given)
    found.forEach(({ values }, i) => close(values, wanted[i].values, 1e-5, `${keep}: result ${i}`))
  }
})
test('scan: gradient against differences, forwards and in reverse', async () => {
  await checkOp({ inputs, run: layered(), low: -0.5, high: 0.5 })
  await checkOp({ inputs, run: layered('all', true), low: -0.5, high: 0.5 })
})
test('scan in scan: gradient', () =>
  checkOp({
    inputs: [
      [batch, embd],
      [layers, embd],
    ],
    low: -0.5,
    high: 0.5,
    run: (x, w) =>
      t.scan(layers, x, w, (h: any, wi: any) => {
        const [g, ys] = t.scan(batch, wi, h, (c: any, row: any) => [c.add(row).tanh(), c.mul(row)])
        return [h.add(g).mul(0.5).add(ys), t.total(ys)]
      }),
  }))
test('scan: a carry that changes its dims is refused with its place', () => {
  assert.throws(
    () => t.trace((x: any) => t.scan(layers, x, [], (h: any) => [h.sum(embd), []]), [t.spec([batch, embd])]),
    {
      name: 'OpError',
      message:
        /^scan: the body changes carry 0[^]*operand 0: f32 \[batch 2, embd 3\][^]*operand 1: f32 \[batch 2\][^]*at test\/tensor\/transforms\.test/,
    },
  )
})

test('remat: the same values and gradient, and the body twice in the program', async () => {
  const f = (x: any, w: any) => t.einsum([t.einsum([x, w], [batch, hidden]).tanh().square(), w], [batch, embd]).exp()
  await checkOp({
    inputs: [
      [batch, embd],
      [embd, hidden],
    ],
    run: t.remat(f),
    low: -0.5,
    high: 0.5,
  })
  await checkOp({
    inputs: [
      [batch, embd],
      [embd, hidden],
    ],
    run: t.remat(f, 'products'),
    low: -0.5,
    high: 0.5,
  })
  const count = (g: (x: any, w: any) => any) => {
    const { program } = t.trace(
      (x: any, w: any) => t.valueAndGrad((p: any) => t.total(g(p, w)) as any)(x),
      [t.spec([batch, embd]), t.spec([embd, hidden])],
    )
    return t.printProgram(program).match(/ = tanh /g)!.length
  }
  assert.equal(count(f), 1)
  assert.equal(count(t.remat(f)), 2)
})

test('withGradient: the gradient written by hand is used', async () => {
  const twice = t.withGradient(
    'twice',
    {
      forward: ([x]) => [[x.mul(2)], [x]],
      backward: ([x], [grad]) => [grad.mul(x)],
    },
    ([x]) => [x.mul(2)],
  )
  const [y, dx] = await evaluate(
    (x) => {
      const [y] = twice([x])
      return [y, t.gradients([y], [y.mul(0).add(1)], [x])[0]!]
    },
    [{ dims: [embd], dtype: 'f32', values: [1, 2, 3] }],
  )
  close(y.values, [2, 4, 6], 0, 'value')
  close(dx.values, [1, 2, 3], 0, 'gradient')
})

/** x^3 with its gradient by hand: as it is, from a residual that is computed, and with a call of its kind inside. */
const cube = {
  forward: ([x]: readonly t.Tensor[]) => [[x.mul(x).mul(x)], [x]] as const,
  backward: ([x]: readonly t.Tensor[], [g]: readonly t.Tensor[]) => [g.mul(x).mul(x).mul(3)],
}
const byHand: Record<string, (x: any) => any> = {
  plain: (x) => t.withGradient('cube', cube, ([x]) => [x.mul(x).mul(x)])([x])[0],
  'a computed residual': (x) =>
    t.withGradient(
      'cube',
      { forward: ([x]) => [[x.mul(x).mul(x)], [x.square().mul(3)]], backward: ([slope], [g]) => [g.mul(slope)] },
      ([x]) => [x.mul(x).mul(x)],
    )([x])[0],
  'inside remat': t.remat((x: any) => byHand.plain(x)),
  'inside scan': (x) => t.scan(t.dim('once', 1), x, [], (h: any) => [byHand.plain(h), []] as const)[0],
  nested: (x) =>
    t.withGradient(
      'outer',
      { forward: ([x]) => [[byHand.plain(x)], [x]], backward: ([x], [g]) => [g.mul(x.square()).mul(3)] },
      ([x]) => [byHand.plain(x)],
    )([x])[0],
}
const given = [{ dims: [embd], dtype: 'f32' as const, values: [1, 2, -3] }]
for (const [name, f] of Object.entries(byHand)) {
  const gradOf = (g: (x: any) => any) => (x: any) => t.grad((p: any) => t.total(g(p)) as any)(x) as any
  test(`withGradient, ${name}: gradients of gradients`, async () => {
    const [y, first, second, third] = await evaluate(
      (x) => [f(x), gradOf(f)(x), gradOf(gradOf(f))(x), gradOf(gradOf(gradOf(f)))(x)],
      given,
    )
    close(y.values, [1, 8, -27], 1e-5, 'x^3')
    close(first.values, [3, 12, 27], 1e-5, '3 x^2')
    close(second.values, [6, 12, -18], 1e-5, '6 x')
    close(third.values, [6, 6, 6], 1e-5, '6')
  })
  test(`withGradient, ${name}: two gradients of one result`, async () => {
    const [a, b, both] = await evaluate((x) => {
      const y = f(x)
      const one = (scale: number) => t.gradients([y], [y.mul(0).add(scale)], [x])[0]!
      const [a, b] = [one(1), one(2)]
      return [a, b, t.gradients([a, y], [y.mul(0).add(1), y.mul(0).add(1)], [x])[0]!]
    }, given)
    close(a.values, [3, 12, 27], 1e-5, 'once')
    close(b.values, [6, 24, 54], 1e-5, 'twice as much')
    close(both.values, [9, 24, 9], 1e-5, 'of the gradient and of the result')
  })
}

test('gradient of a gradient', async () => {
  const third = (x: any) =>
    t.grad((p: any) => t.total(t.grad((q: any) => t.total(q.mul(q).mul(q).mul(q)) as any)(p) as any) as any)(x)
  const [y] = await evaluate((x) => [third(x)], [{ dims: [embd], dtype: 'f32', values: [1, 2, -3] }])
  close(y.values, [12, 48, 108], 1e-5, '12 x^2')
})
test('stopGradient and integers pass no gradient; an unused parameter gets zeros', async () => {
  const out = await evaluate(
    (x, w) => {
      const [, grads] = t.valueAndGrad((p: { x: any; w: any }) => t.total(t.stopGradient(p.x).mul(p.x)) as any)({
        x,
        w,
      })
      return [grads.x, grads.w]
    },
    [
      { dims: [embd], dtype: 'f32', values: [1, 2, 3] },
      { dims: [batch], dtype: 'f32', values: [1, 1] },
    ],
  )
  close(out[0].values, [1, 2, 3], 0, 'x')
  close(out[1].values, [0, 0], 0, 'w')
})

test('a wrong dim is refused by the type checker and at run time', () => {
  const sequence = t.dim('sequence', 4),
    memory = t.dim('memory_length', 4),
    heads = t.dim('heads', 2)
  const run = (f: (x: t.Tensor<'batch' | 'sequence'>) => t.Value) => () => t.trace(f, [t.spec([batch, sequence])])
  assert.throws(
    // @ts-expect-error memory_length is not a dim of x
    run((x) => t.softmax(x, memory)),
    {
      name: 'OpError',
      message:
        /no dim "memory_length" in operand 0[^]*\[batch 2, sequence 4\][^]*"sequence" of the same size: use \.rename\(sequence, memory_length\)[^]*transforms\.test/,
    },
  )
  assert.throws(
    // @ts-expect-error heads is in no operand
    run((x) => t.einsum([x], [batch, heads])),
    { message: /^einsum: result dim "heads" is in no operand/ },
  )
  assert.throws(
    // @ts-expect-error heads is not a dim of x
    run((x) => x.sum(heads)),
    { message: /no dim "heads"/ },
  )
  // @ts-expect-error the result has no sequence any more
  const wrong: (x: t.Tensor<'batch' | 'sequence'>) => t.Tensor<'batch' | 'sequence'> = (x) => x.sum(sequence)
  const right: (x: t.Tensor<'batch' | 'sequence'>) => t.Tensor<'batch'> = (x) => x.mul(2).add(1).sum(sequence)
  void [wrong, right]
  assert.throws(
    run((x) => x.rename(sequence, t.dim('batch', 4))),
    { message: /two dims named "batch"/ },
  )
  assert.throws(
    run((x) => x.add(x.cast('bf16'))),
    { message: /dtypes differ: f32 and bf16[^]*cast one/ },
  )
  assert.throws(
    run((x) => x.add(t.fill([t.dim('sequence', 5)], 1, 'f32'))),
    { message: /dim "sequence" has size 4 and 5/ },
  )
})
test('a tensor outside of a trace, or of another trace, is refused', () => {
  assert.throws(() => t.constant(1, 'f32'), /inside a function given to/)
  let leaked: any
  t.trace((x: any) => (leaked = x.mul(2)), [t.spec([batch])], 'first')
  assert.throws(() => t.trace((x: any) => x.add(leaked), [t.spec([batch])]), /belongs to "first", which has ended/)
})
test('a program prints itself, with only what the result needs', () => {
  const { program } = t.trace(
    (x: any) => {
      x.exp()
      return t.softmax(x.mul(2), embd)
    },
    [t.spec([batch, embd])],
    'example',
  )
  assert.equal(
    t.printProgram(program, { locations: false }),
    `\
example(a: f32 [batch 2, embd 3]) {
  b = constant {value: 2}                        f32 []
  c = broadcast b                                f32 [batch 2, embd 3]
  d = mul a c                                    f32 [batch 2, embd 3]
  e = reduceMax d {axes: [1]}                    f32 [batch 2]
  f = stopGradient e                             f32 [batch 2]
  g = broadcast f                                f32 [batch 2, embd 3]
  h = sub d g                                    f32 [batch 2, embd 3]
  i = exp h                                      f32 [batch 2, embd 3]
  j = reduceSum i {axes: [1]}                    f32 [batch 2]
  k = broadcast j                                f32 [batch 2, embd 3]
  l = div i k                                    f32 [batch 2, embd 3]
  return l
}`,
  )
})
