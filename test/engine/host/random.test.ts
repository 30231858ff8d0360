/** Random numbers and dropout are the same bits on every engine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dropout } from '../../../src/model/dropout.js'
import { modelShape, scopeOf } from '../../../src/model/index.js'
import { dim, ones, random, range, type Value } from '../../../src/tensor/index.js'
import { configOf } from '../../model/support.js'
import { BACKENDS, xla } from './compare.js'
import { evaluateOn } from './evaluate.js'

const [a, b] = [dim('a', 37), dim('b', 53)]

const DRAWS: Record<string, () => Value> = {
  bits: () => random.bits(random.key(7), [a, b]),
  'bits of a seed above 32 bits': () => random.bits(random.key(2 ** 40 + 3), [a, b]),
  'bits of a key with dims': () => random.bits(random.foldIn(random.key(7), range(a, 'u32')), [a, b]),
  uniform: () => random.uniform(random.key(8), [a, b]),
  dropout: () => {
    const scope = scopeOf(modelShape(configOf(), { batch: 1 }), [], {}, 'unroll', { key: random.key(3) })
    return dropout(scope, 'x', ones([a, b]), 0.3)
  },
  bernoulli: () => random.bernoulli(random.split(random.key(9), 3)[2], 0.3, [a, b]),
}
for (const [backend, open] of Object.entries(BACKENDS))
  test(`the same random numbers on ${backend}`, async () => {
    const draw = () => Object.values(DRAWS).map((make) => make())
    const [wanted, found] = [await evaluateOn(await xla(), [], draw), await evaluateOn(await open(), [], draw)]
    Object.keys(DRAWS).forEach((name, i) => assert.deepEqual(found[i].values, wanted[i].values, name))
  })
