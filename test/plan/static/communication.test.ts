import assert from 'node:assert/strict'
import { test } from 'node:test'
import { communicationOf } from '../../../src/plan/static/communication.js'
import { programFlops } from '../../../src/plan/static/flops.js'
import { dim, einsum, embed, grad, relayout, reshape, scan, spec, type Tensor } from '../../../src/tensor/index.js'
import { laid } from './placed-program.js'

const batch = dim('batch', 8)
const embd = dim('embd', 16)
const hidden = dim('hidden', 32)
const layers = dim('layers', 5)
const vocab = dim('vocab', 64)

/** Kind, axes, count and bytes of each collective. */
function sent(...args: Parameters<typeof laid>) {
  const { program, placement } = laid(...args)
  return communicationOf(program, placement.mesh).map(({ kind, axes, count, bytes }) => [kind, axes, count, bytes])
}

const product = (x: Tensor, w: Tensor) => einsum([x, w], [batch, hidden])

test('a sum over a split dim is reduced; nothing is sent for dims that stay', () => {
  const specs = [spec([batch, embd]), spec([embd, hidden])]
  assert.deepEqual(sent(product, specs, 'batch:x,hidden:y'), [])
  assert.deepEqual(sent(product, specs, 'batch:x,embd:y'), [['all-reduce', 'y', 1, (8 / 4) * 32 * 4]])
  assert.deepEqual(
    sent((x: Tensor) => x.sum(batch), [spec([batch, embd])], 'batch:x,embd:y'),
    [['all-reduce', 'x', 1, (16 / 2) * 4]],
  )
})

test('each turn of a loop sends again', () => {
  const square = dim('embd_in', 16)
  const run = (x: Tensor, w: Tensor) => {
    const [last] = scan(layers, x, w, (h, each) => [einsum([h.rename(embd, square), each], [batch, embd]), []] as const)
    return last
  }
  const specs = [spec([batch, embd]), spec([layers, square, embd])]
  assert.deepEqual(sent(run, specs, 'batch:x,embd_in:y'), [['all-reduce', 'y', 5, 5 * (8 / 4) * 16 * 4]])
})

test('parameters stored in parts are gathered, and their gradients reduced and scattered', () => {
  const specs = [spec([batch, embd]), spec([embd, hidden])]
  const loss = (x: Tensor, w: Tensor) => product(x, relayout(w, 'computation')).sum(batch, hidden)
  const options = { parameterLayout: 'embd:x', roles: ['computation', 'parameters'] as const }
  const whole = 16 * 32 * 4
  const gradient = (x: Tensor, w: Tensor) => grad((v: Tensor) => loss(x, v) as Tensor<never>)(w)
  const found = sent(gradient, specs, 'batch:x', options)
  assert.deepEqual(found, [['reduce-scatter', 'x', 1, whole]])
  const forward = sent(loss, specs, 'batch:x', options)
  assert.deepEqual(forward, [
    ['all-gather', 'x', 1, whole],
    ['all-reduce', 'x', 1, 4],
  ])
})

test('an axis that goes over to another dim is an exchange', () => {
  const other = dim('batch_unsplit', 8)
  const rest = dim('experts', 16)
  const both = (x: Tensor) => reshape(x, [other, rest]) as Tensor
  assert.deepEqual(sent(both, [spec([batch, embd])], 'batch:x,experts:x'), [['all-to-all', 'x', 1, (8 * 16 * 4) / 4]])
})

test('a split table gives each device some of the rows', () => {
  const look = (table: Tensor, ids: Tensor) => embed(table, vocab, ids)
  const found = sent(look, [spec([vocab, embd]), spec([batch], 'i32')], 'batch:x,vocab:y')
  assert.deepEqual(found, [['all-reduce', 'y', 1, (8 / 4) * 16 * 4]])
})

test('flops: all of them, and those of a device', () => {
  const specs = [spec([batch, embd]), spec([embd, hidden])]
  const flops = (layout: string) => {
    const { program, placement } = laid(product, specs, layout)
    return programFlops(program, placement.mesh)
  }
  const whole = 2 * 8 * 16 * 32
  assert.deepEqual(flops('batch:x,hidden:y'), { whole, device: whole / 8 })
  assert.deepEqual(flops('batch:x,embd:y'), { whole, device: whole / 8 })
  assert.deepEqual(flops('batch:x'), { whole, device: whole / 4 })
  assert.deepEqual(flops(''), { whole, device: whole })
})
