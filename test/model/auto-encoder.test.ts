/** The auto-encoder against its formula, with every gradient; what it costs and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceArray, jit } from '../../src/engine/index.js'
import type { Parameters } from '../../src/model/index.js'
import { modelShape, prefill, scopeOf } from '../../src/model/index.js'
import { costsOf } from '../../src/plan/index.js'
import {
  cast,
  dim,
  einsum,
  embed,
  range,
  rsqrt,
  slice,
  tanh,
  trace,
  valueAndGrad,
  where,
  sin,
  cos,
  spec,
  type Dim,
  type Tensor,
} from '../../src/tensor/index.js'
import { inspect } from '../config/base.js'
import { engine, numbers } from '../tensor/check.js'
import { configOf, forward, lively } from './support.js'

/** No layers' work: the last hidden state is the last token's embedding and position. */
const EMPTY = { attention_types: [[['none'], 2]], n_inner: 0, norm: 'rmsnorm', auto_encoder: true }

for (const [name, width] of [
  ['an even width', 24],
  ['an odd width', 9],
] as const)
  test(`the decoder is its formula, with every gradient: ${name}`, async () => {
    const { model, parameters, config } = await lively({ ...EMPTY, n_embd: width }, 0.8)
    const shape = model.shape(2, 7)
    const { batch, sequence, embd, embedSequence, vocab } = shape
    const decoder = dim('decoder', width)
    const half = Math.floor(width / 2)
    const formula = (p: Parameters, ids: Tensor): Tensor => {
      const rms = (x: Tensor, of: string): Tensor =>
        x.mul(rsqrt(x.square().mean(embd).add(config.norm_epsilon))).mul(p[`gpt2/${of}`])
      const embedded = embed(p['gpt2/wte'], vocab, ids).add(
        slice(p['gpt2/wpe'], embedSequence, 0, 7).rename(dim('embed_sequence', 7), sequence),
      ) as Tensor
      const last = where(range(sequence).equal(6), embedded, 0).sum(sequence)
      const at = cast(range(sequence), 'f32')
      const feature = cast(range(embd), 'f32')
      const which = where(feature.less(half), feature, feature.sub(half))
      const angle = at.mul(which.mul(-Math.log(10_000) / (half - 1)).exp()) as Tensor
      const waves = where(feature.less(half), sin(angle), where(feature.less(2 * half), cos(angle), 0))
      let x = last.add(waves) as Tensor
      for (const part of ['decoder/0', 'decoder/1']) {
        const linear = einsum([rms(x, `${part}/norm/g`), p[`gpt2/${part}/kernel`]], [batch, sequence, decoder])
        const y = linear.add(p[`gpt2/${part}/bias`]) as Tensor
        const gelu = y.mul(0.5).mul(tanh(y.add(y.mul(y).mul(y).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))).add(1))
        x = gelu.rename(decoder, embd) as Tensor
      }
      return einsum([rms(x, 'ln_f/g'), p['gpt2/wte']], [batch, sequence, vocab]) as Tensor
    }
    const on = await engine()
    const next = numbers(4)
    const filled = (dims: Dim[], of: () => number, dtype: 'i32' | 'f32') => {
      const size = dims.reduce((n, each) => n * each.size, 1)
      const values = Array.from({ length: size }, of)
      return DeviceArray.from(on, dtype === 'i32' ? Int32Array.from(values) : Float32Array.from(values), dims, dtype)
    }
    const ids = filled([batch, sequence], () => Math.floor(next() * 61), 'i32')
    const grad = filled([batch, sequence, vocab], () => next() - 0.5, 'f32')
    const run = jit(on, (p: Parameters, ids: Tensor, grad: Tensor) =>
      [(q: Parameters) => model.logits(q, ids as never) as Tensor, (q: Parameters) => formula(q, ids)].map((logits) => {
        const [, gradients] = valueAndGrad(
          (q: Parameters) => logits(q).mul(grad).sum(batch, sequence, vocab) as unknown as Tensor<never>,
        )(p)
        return { logits: logits(p), ...gradients }
      }),
    )
    const [found, wanted] = (await run(parameters, ids as never, grad as never)) as Record<string, DeviceArray>[]
    assert.ok('gpt2/decoder/1/kernel' in wanted)
    for (const [name, array] of Object.entries(wanted)) {
      const [x, y] = [await found[name].readFloats(), await array.readFloats()]
      const scale = Math.max(...y.map(Math.abs))
      assert.ok(scale > 0, name)
      const off = Math.max(...x.map((value, i) => Math.abs(value - y[i]))) / scale
      assert.ok(off < 1e-5, `${name} is off by ${off}`)
    }
  })

test('with attention each position knows of the others through the last one, and of nothing else', async () => {
  const open = await lively({ auto_encoder: true, attention_types: [[['global'], 2]] })
  const [row] = await forward(open, [[3, 9, 27, 20]])
  const [changed] = await forward(open, [[4, 9, 27, 20]])
  row.forEach((logits, i) => assert.ok(Math.abs(logits[0] - changed[i][0]) > 1e-6, `position ${i}`))
  const local = await lively({ auto_encoder: true, attention_types: [[['none'], 2]] })
  const [one, other] = await forward(local, [
    [3, 9, 27, 20],
    [4, 8, 26, 20],
  ])
  assert.deepEqual(one, other)
  assert.notDeepEqual(one[0], one[1])
})

test('costs count the decoder; it is no model of next tokens, masks nothing, and wants whole sequences', () => {
  const [without, with_] = [costsOf(configOf()), costsOf(configOf({ auto_encoder: true }))]
  assert.equal(with_.parameters - without.parameters, 2 * (24 * 24 + 24 + 2 * 24))
  assert.equal(with_.flops - without.flops, 2 * 2 * 24 * 24)
  const { problems } = inspect({ auto_encoder: true, mlm_training: true, mlm_mask_id: 1 })
  assert.match(problems.join('\n'), /^auto_encoder: must be false with mlm_training \(got true\)/m)

  const config = configOf({ auto_encoder: true })
  const refused = (shape: ReturnType<typeof modelShape>, message: RegExp) => {
    const ids = spec([shape.batch, shape.sequence], 'i32')
    const make = (x: Tensor) => {
      const at = scopeOf(shape, [], {}, 'unroll')
      return prefill(at, x as never, x as never, shape, 8).logits
    }
    assert.throws(() => trace(make as never, [ids] as never), message)
  }
  refused(
    modelShape(config, { batch: 1 }),
    /must predict next tokens \(got auto_encoder, .*\)\. It cannot continue a text/,
  )
})
