/** Layers with a recurrent state: prompts, chunks and steps equal one pass, documents are kept apart, and what is refused. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { attentionKind, type AttentionKindName, type Cache, type Projections } from '../../src/attention/index.js'
import { DeviceArray, jit, openEngine } from '../../src/engine/index.js'
import { printStableHlo } from '../../src/engine/xla/stablehlo.js'
import { attention, output, project } from '../../src/model/attention.js'
import type { Hidden } from '../../src/model/dims.js'
import { modelShape, type Model, type Parameters, type ParameterSpec, type Positions } from '../../src/model/index.js'
import { Scope } from '../../src/model/scope.js'
import { fill, gradients, sizeOf, spec, trace, type Tensor } from '../../src/tensor/index.js'
import { configOf } from '../model/support.js'
import { drawn, relativeError } from './recurrence.js'

const KINDS: [AttentionKindName, Record<string, unknown>][] = [
  ['delta', { negative_eigenvalues: true, short_conv_width: 3 }],
  ['gated_delta', { state_key_size: 5, state_value_size: 7 }],
  ['gated_delta', { short_conv_width: 0 }],
  ['retention', { rotary_emb: true }],
  ['gated_linear', {}],
  ['mamba2', { state_key_size: 5 }],
  ['kda', {}],
  ['rwkv7', { state_value_size: 6 }],
  ['based', { state_key_size: 3 }],
  ['convolution', { short_conv_width: 3 }],
]
const host = openEngine({ engine: 'host' })
after(async () => (await host).close())

/** A layer with drawn parameters. */
async function layerOf(name: AttentionKindName, changes: Record<string, unknown>, heads = 3) {
  const on = await host
  const kind = attentionKind(name)
  const config = configOf({ attention_types: [[[name], 1]], n_layer: 1, n_head: heads, n_ctx: 50, ...changes })
  const shapeOf = (batch: number, sequence: number) => modelShape(config, { batch, sequence })
  let specs: ParameterSpec[] = []
  trace(() => {
    const { batch, sequence, embd } = shapeOf(1, 2)
    const x = fill([batch, sequence, embd], 0, 'f32')
    specs = Scope.describe('f32', 'unroll', (at) => attention(at, x, kind, shapeOf(1, 2)))
    return []
  }, [])
  const parameters = Object.fromEntries(
    specs.map(({ name, dims }, i) => [
      name,
      DeviceArray.from(on, Float32Array.from(drawn(sizeOf(dims), i + 1, -0.6, 0.6)), dims, 'f32'),
    ]),
  )
  const over = (p: Parameters) => Scope.over(specs, p, 'f32', 'unroll', null)
  const array = (values: Float64Array, model: Model) =>
    DeviceArray.from(on, Float32Array.from(values), [model.batch, model.sequence, model.embd], 'f32')
  const whole = async (values: Float64Array, model: Model) => {
    const run = jit(on, (p: Parameters, x: Hidden) => attention(over(p), x, kind, model).x)
    return (await run(parameters, array(values, model))).readFloats()
  }
  return { on, kind, config, shapeOf, parameters, over, array, whole }
}

const scalar = async (n: number) => DeviceArray.from(await host, Int32Array.of(n), [], 'i32')

for (const [name, changes] of KINDS)
  for (const [batch, heads] of [
    [2, 3],
    [1, 1],
  ])
    test(`${name} ${JSON.stringify(changes)}, batch ${batch}, ${heads} heads: prompts, chunks and steps equal one pass`, async () => {
      const { on, kind, config, shapeOf, parameters, over, array, whole } = await layerOf(name, changes, heads)
      const { n_embd } = config
      const [length, width] = [43, 40]
      const lengths = batch === 2 ? [37, 2] : [36]
      const values = drawn(batch * length * n_embd, 77, -2, 2)
      const wanted = await whole(values, shapeOf(batch, length))
      const row = (x: ArrayLike<number>, r: number, at: number, count: number, of: number) =>
        Array.from(x).slice((r * of + at) * n_embd, (r * of + at + count) * n_embd)
      const model = shapeOf(batch, width)
      const prompts = Float64Array.from(lengths.flatMap((_, r) => row(values, r, 0, width, length)))
      // What stands after a row's length is padding.
      const prefill = jit(on, (p: Parameters, x: Hidden, lengths: Positions) =>
        kind.prefill(project(over(p), x, kind, model), lengths, 50, model),
      )
      const given = DeviceArray.from(on, Int32Array.from(lengths), [model.batch], 'i32')
      let cache: Cache<DeviceArray> = await prefill(parameters, array(prompts, model), given as never)
      const bytes = Object.values(cache).reduce((sum, { dims }) => sum + 4 * sizeOf(dims), 0)
      assert.equal(bytes, batch * kind.costs(config).cache.perSequence, 'bytes of the state')

      const step = jit(on, (p: Parameters, x: Hidden, cache: Cache, position: Positions) => {
        const one = shapeOf(batch, 1)
        const next = kind.decode(project(over(p), x, kind, one, position), cache, position, one)
        return { x: output(over(p), next.output, kind, one).x, cache: next.cache }
      })
      for (let made = 0; made < 4; made++) {
        const positions = lengths.map((each) => each + made)
        const x = Float64Array.from(positions.flatMap((at, r) => row(values, r, at, 1, length)))
        const at = DeviceArray.from(on, Int32Array.from(positions), [model.batch], 'i32')
        const next = await step(parameters, array(x, shapeOf(batch, 1)), cache as never, at as never)
        cache = next.cache
        const found = await next.x.readFloats()
        const expected = positions.flatMap((at, r) => row(wanted, r, at, 1, length))
        assert.ok(relativeError(found, expected) < 1e-5, `step ${made}: ${relativeError(found, expected)}`)
      }

      if (batch > 1) return
      // From an empty cache, in chunks with padding.
      const chunk = jit(on, (p: Parameters, x: Hidden, cache: Cache, position: Tensor<never>, count: Tensor<never>) => {
        const some = shapeOf(1, 20)
        const next = kind.extend!(project(over(p), x, kind, some, position as never), cache, position, count, some)
        return { x: output(over(p), next.output, kind, some).x, cache: next.cache }
      })
      cache = Object.fromEntries(
        Object.entries(cache).map(([name, { dims }]) => [
          name,
          DeviceArray.from(on, new Float32Array(sizeOf(dims)), dims, 'f32'),
        ]),
      )
      for (const [at, count] of [
        [0, 1],
        [1, 20],
        [21, 17],
      ]) {
        const x = Float64Array.from([...row(values, 0, at, count, length), ...drawn((20 - count) * n_embd, 5)])
        const next = await chunk(
          parameters,
          array(x, shapeOf(1, 20)),
          cache as never,
          (await scalar(at)) as never,
          (await scalar(count)) as never,
        )
        cache = next.cache
        const found = Array.from(await next.x.readFloats()).slice(0, count * n_embd)
        const error = relativeError(found, row(wanted, 0, at, count, length))
        assert.ok(error < 1e-5, `chunk at ${at}: ${error}`)
      }
    })

// The second row is longer than a block of training, and a document of it goes from one block to the next.
const ROWS = [
  [3, 30, 1, 9],
  [3, 30, 240, 27],
]
for (const [name, given] of KINDS)
  test(`${name} ${JSON.stringify(given)}: documents of a row are as rows of their own`, async () => {
    for (const lengths of ROWS) await documentsApart(name, given, lengths)
  })

async function documentsApart(name: AttentionKindName, given: Record<string, unknown>, lengths: readonly number[]) {
  const changes = { ...given, rotary_emb: false }
  const { on, kind, config, shapeOf, parameters, over, array, whole } = await layerOf(name, changes)
  const length = lengths.reduce((a, b) => a + b)
  const values = drawn(length * config.n_embd, 78, -2, 2)
  const plain = shapeOf(1, length)
  const numbers = lengths.flatMap((count, i) => Array<number>(count).fill(i))
  const packed = jit(on, (p: Parameters, x: Hidden, documents: Tensor<'batch' | 'sequence'>) => {
    const model = { ...plain, packing: { documents, positions: documents } }
    return attention(over(p), x, kind, model).x
  })
  const documents = DeviceArray.from(on, Int32Array.from(numbers), [plain.batch, plain.sequence], 'i32')
  const found = await (await packed(parameters, array(values, plain), documents)).readFloats()
  let at = 0
  for (const count of lengths) {
    const [from, to] = [at * config.n_embd, (at + count) * config.n_embd]
    const wanted = await whole(values.slice(from, to), shapeOf(1, count))
    const error = relativeError(found.slice(from, to), wanted)
    assert.ok(error < 1e-5, `document at ${at}: ${error}`)
    at += count
  }
}

for (const [name, changes] of KINDS)
  test(`${name} ${JSON.stringify(changes)}: blocks of training have the results and gradients of one pass`, async () => {
    const { on, kind, shapeOf, parameters, over, array } = await layerOf(name, { ...changes, n_ctx: 300 })
    // Two blocks, of which the second is not full.
    const model = shapeOf(2, 300)
    const program = jit(on, (p: Parameters, x: Hidden, weights: Hidden) => {
      const projected = project(over(p), x, kind, model)
      const inBlocks = output(over(p), kind.attend(projected, model), kind, model).x
      const none = fill([model.batch], 0, 'i32')
      const empty = kind.prefill(projected, none, 300, model)
      const all = fill([], 300, 'i32') as Tensor<never>
      const extended = kind.extend!(projected, empty, none as never, all, model)
      const atOnce = output(over(p), extended.output, kind, model).x
      const both = (y: Tensor) => [
        y,
        ...gradients([y], [weights], [x, ...Object.values(p)]).flatMap((each) => each ?? []),
      ]
      return [both(inBlocks), both(atOnce)]
    })
    const values = (seed: number) => array(drawn(2 * 300 * model.embd.size, seed, -1, 1), model)
    const [found, wanted] = await program(parameters, values(51), values(52))
    assert.equal(found.length, Object.keys(parameters).length + 2)
    for (const [i, each] of found.entries()) {
      const error = relativeError(await each.readFloats(), await wanted[i].readFloats())
      assert.ok(error < 1e-5, `${i === 0 ? 'the result' : `gradient ${i} of ${found.length - 1}`}: ${error}`)
    }
  })

test('both sides and split sequences are refused in one line', () => {
  for (const [name] of KINDS) {
    const kind = attentionKind(name)
    const run = (model: Model) =>
      trace(
        (x: Hidden) => {
          const at = (p: Projections) => kind.attend(p, model)
          let result: Tensor | undefined
          Scope.describe('f32', 'unroll', (scope) => (result = at(project(scope, x, kind, model))))
          return result!
        },
        [spec([model.batch, model.sequence, model.embd])],
      )
    const config = configOf({ attention_types: [[[name], 1]], n_layer: 1 })
    const split = modelShape(config, { batch: 2, parts: (each) => (each === 'sequence' ? 2 : 1) })
    assert.throws(() => run(split), {
      name: 'RangeError',
      message: `layout: ${name} attention needs a whole sequence on each device (got 2 parts). Split batch or heads instead.`,
    })
    const masked = { attention_types: [[[name], 1]], n_layer: 1, mlm_training: true, mlm_mask_id: 1 }
    assert.throws(() => configOf(masked), { name: 'ConfigError', message: /mlm_training: must be false with / })
    assert.throws(() => run({ ...modelShape(config, { batch: 2 }), causal: false }), {
      name: 'RangeError',
      message: /mlm_training needs both/,
    })
  }
})

test('convolution: y_t = (sum of w_j u_(t-j)) (W u_t + b) + u_t', async () => {
  const { config, parameters, shapeOf, whole } = await layerOf('convolution', { short_conv_width: 3 })
  const { n_embd: width } = config
  const named = async (end: string) =>
    parameters[Object.keys(parameters).find((name) => name.endsWith(`/${end}`))!].readFloats()
  const [w, gate, bias] = [await named('conv'), await named('gate'), await named('gate_bias')]
  const [batch, length] = [2, 7]
  const u = drawn(batch * length * width, 31, -2, 2)
  const expected = u.map((own, i) => {
    const [feature, t] = [i % width, Math.floor(i / width) % length]
    const before = [0, 1, 2].filter((j) => j <= t).map((j) => w[feature * 3 + 2 - j] * u[i - j * width])
    const inputs = Array.from({ length: width }, (_, k) => u[i - feature + k] * gate[k * width + feature])
    const sum = (terms: number[]) => terms.reduce((a, b) => a + b, 0)
    return sum(before) * (sum(inputs) + bias[feature]) + own
  })
  // The layer's output is added to the stream by its caller, so this is all of it.
  assert.ok(relativeError(await whole(u, shapeOf(batch, length)), expected) < 1e-5)
})

test('training makes no tensor that grows faster than the length', () => {
  for (const [name] of KINDS) {
    const kind = attentionKind(name)
    const largest = (length: number) => {
      const config = configOf({ attention_types: [[[name], 1]], n_layer: 1, n_ctx: length })
      const model = modelShape(config, { batch: 1 })
      const { batch, sequence, embd } = model
      const run = (x: Hidden, grad: Hidden) => {
        let found: Tensor[] = []
        Scope.describe('f32', 'unroll', (at) => {
          const y = attention(at, x, kind, model).x
          found = gradients([y], [grad], [x]) as Tensor[]
        })
        return found
      }
      const { program } = trace(run, [spec([batch, sequence, embd]), spec([batch, sequence, embd])])
      const shapes = [...printStableHlo(program).matchAll(/tensor<([\dx]+)xf32>/g)].map(([, dims]) => dims)
      return Math.max(...shapes.map((dims) => dims.split('x').reduce((a, b) => a * Number(b), 1)))
    }
    const [short, long] = [largest(512), largest(2048)]
    assert.ok(long <= 4.1 * short, `${name}: ${short} elements, then ${long}`)
  }
})
