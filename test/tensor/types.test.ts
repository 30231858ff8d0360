/** Dims' names in types: what an op keeps, drops and adds, and what it refuses. It is the compiler that tests these. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as t from '../../src/tensor/index.js'

const batch = t.dim('batch', 2),
  sequence = t.dim('sequence', 4),
  memory = t.dim('memory_length', 4)
type X = t.Tensor<'batch' | 'sequence'>

/** Equal types, no casts: Tensor is invariant in its names. */
const same = <T>(_: T, x: T): T => x

test('names survive in results', () => {
  t.trace(
    (x: X, ids: t.Tensor<'batch'>) => {
      same<X>(x, t.pad(x, sequence, 1, 2))
      same<X>(x, t.slice(x, sequence, 1, 2))
      same<X>(x, t.concat([x, x], 'sequence'))
      same<X>(x, t.transpose(x, [sequence, batch]))
      same<X>(x, t.where(x.greater(0), x, ids.cast('f32')))
      same<X>(x, t.cumsum(x, sequence))
      same<X>(x, t.sort(x, sequence)[0])
      same<X>(x, t.dynamicSlice(x, sequence, t.constant(0, 'i32'), 2))
      same<t.Tensor<'batch'>>(ids, t.argmax(x, sequence))
      same<t.Tensor<'sequence'>>(t.zeros([sequence]), t.take(x, batch, t.constant(0, 'i32')))
      same<t.Tensor<'batch' | 'memory_length'>>(t.zeros([batch, memory]), x.rename(sequence, memory))
      same<t.Tensor<'sequence'>>(t.zeros([sequence]), t.einsum([x, ids.cast('f32')], [sequence]))
      // A list without dims is a scalar's.
      for (const scalar of [t.zeros([]), t.ones([]), t.fill([], 2, 'f32'), t.reshape(x.sum(), []), x.sum(), t.total(x)])
        same<t.Tensor<never>>(t.constant(0, 'f32'), scalar)
      return []
    },
    [t.spec([batch, sequence]), t.spec([batch], 'i32')],
  )
})

test('a dim that is not there is refused by the compiler and at run time', () => {
  const refused = (f: (x: X) => unknown) =>
    assert.throws(() => t.trace((x: X) => (f(x), []), [t.spec([batch, sequence])]), { name: 'OpError' })
  // @ts-expect-error
  refused((x) => t.pad(x, memory, 1, 1))
  // @ts-expect-error
  refused((x) => t.slice(x, memory, 0, 1))
  // @ts-expect-error
  refused((x) => t.concat([x, x], 'memory_length'))
  // @ts-expect-error
  refused((x) => t.transpose(x, [batch, memory]))
})
