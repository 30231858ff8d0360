/** The auto-encoder against its formula, with every gradient; what it costs and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelShape, parametersOf, prefill, scopeOf, type Model, type Parameters } from '../../src/model/index.js'
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
  where,
  sin,
  cos,
  spec,
  type Tensor,
} from '../../src/tensor/index.js'
import { inspect } from '../config/base.js'
import { assertIsFormula, configOf, forward, lively } from './support.js'

/** No layers' work: the last hidden state is the last token's embedding and position. */
const EMPTY = { attention_types: [[['none'], 2]], n_inner: 0, norm: 'rmsnorm', auto_encoder: true }

for (const [name, width] of [
  ['an even width', 24],
  ['an odd width', 9],
] as const)
  test(`the decoder is its formula, with every gradient: ${name}`, async () => {
    const open = await lively({ ...EMPTY, n_embd: width }, 0.8)
    const decoder = dim('decoder', width)
    const half = Math.floor(width / 2)
    const formula = (
      p: Parameters,
      ids: Tensor,
      { batch, sequence, embd, embedSequence, vocab, config }: Model,
    ): Tensor => {
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
    assert.ok('gpt2/decoder/1/kernel' in open.parameters)
    await assertIsFormula(open, 7, formula)
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

  const shape = modelShape(configOf({ auto_encoder: true }), { batch: 1 })
  const prompt = (ids: Tensor) => prefill(scopeOf(shape, [], {}, 'unroll'), ids as never, ids as never, shape, 8).logits
  assert.throws(
    () => trace(prompt as never, [spec([shape.batch, shape.sequence], 'i32')] as never),
    /must predict next tokens \(got auto_encoder, .*\)\. It cannot continue a text/,
  )
  assert.throws(
    () => parametersOf({ ...shape, parts: (name) => (name === 'sequence' ? 2 : 1) }, 'unroll'),
    /^RangeError: layout: auto_encoder needs a whole sequence on each device \(got 2 parts\)\. Split batch instead\./,
  )
  const unmixed = modelShape(configOf({ ...EMPTY, pos_emb: 'none' }), { batch: 1 })
  assert.throws(
    () => parametersOf({ ...unmixed, packing: {} as never }, 'unroll'),
    /auto_encoder needs one text in a row/,
  )
})
