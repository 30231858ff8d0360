import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peakOf } from '../../../src/plan/static/memory.js'
import { dim, einsum, grad, relayout, scan, spec, type Tensor, type Value } from '../../../src/tensor/index.js'
import { laid } from './placed-program.js'

const batch = dim('batch', 64)
const embd = dim('embd', 32)
const hidden = dim('hidden', 128)
const square = dim('embd_in', 32)
const layers = dim('layers', 6)
const row = (64 * 32 * 4) / 4 // [batch:x, embd] of f32

const peak = (...args: Parameters<typeof laid>) => {
  const { program } = laid(...args)
  return peakOf(
    program,
    program.inputs.map(() => null),
  )
}

test('what is made element by element is not written out, but for its end', () => {
  const chain = (x: Tensor) => x.exp().add(1).mul(x).sqrt()
  assert.equal(peak(chain, [spec([batch, embd])], 'batch:x').total, row)
})

test('values live from where they are made to where they are used last', () => {
  // h [batch, hidden] and the first product's result are there at once, then h and the second's, then the result alone.
  const twice = (x: Tensor, w: Tensor) => {
    const h = einsum([x, w], [batch, hidden]) as Tensor
    return einsum([h, w], [batch, embd])
  }
  const wide = 4 * row
  assert.equal(peak(twice, [spec([batch, embd]), spec([embd, hidden])], 'batch:x').total, wide + row)
})

test('a loop keeps what its gradient needs, once for each turn', () => {
  const run = (x: Tensor, w: Tensor): Tensor<never> => {
    const turn = (h: Tensor, each: Tensor) =>
      einsum([h.rename(embd, square), relayout(each, 'computation')], [batch, embd]).tanh() as Tensor
    const [last] = scan(layers, x, w, (h, each) => [turn(h, each), []] as const, { keep: 'nothing' })
    return last.sum(batch, embd) as Value as Tensor<never>
  }
  const gradient = (x: Tensor, w: Tensor) => grad((v: Tensor) => run(x, v))(w)
  const roles = ['computation', 'parameters'] as const
  const found = peak(gradient, [spec([batch, embd]), spec([layers, square, embd])], 'batch:x', { roles })
  assert.equal(found.activations, 6 * row) // the carry of each turn
  assert.equal(found.gradients, 6 * 32 * 32 * 4)
})

test('outputs that take over inputs are not counted again', () => {
  const { program } = laid((x: Tensor) => x.add(1), [spec([batch, embd])], 'batch:x')
  assert.equal(peakOf(program, [0]).total, 0)
  assert.equal(peakOf(program, [null]).total, row)
})

test('on GPUs what a product reads is written first', () => {
  const ready = (x: Tensor, w: Tensor) => einsum([x.exp(), w], [batch, hidden])
  const { program } = laid(ready, [spec([batch, embd]), spec([embd, hidden])], 'batch:x')
  const peaks = [false, true].map((operandsWritten) => peakOf(program, [null, null], operandsWritten).total)
  assert.deepEqual(peaks, [4 * row, 5 * row])
})
