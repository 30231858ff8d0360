import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compareNatural, naturalSort } from '../../src/files/index.js'

test('the order that GPT-Neo made', () => {
  const goldens = JSON.parse(readFileSync(new URL('../../../test/fixtures/data/goldens.json', import.meta.url), 'utf8'))
  assert.deepEqual(naturalSort(goldens.natural_sort.input), goldens.natural_sort.output)
})

test('numbers count by value, whatever their length; case does not count; equal keys keep their order', () => {
  assert.deepEqual(naturalSort(['a100000000000000000001', 'a100000000000000000000', 'a9']), [
    'a9',
    'a100000000000000000000',
    'a100000000000000000001',
  ])
  assert.equal(compareNatural('A_02', 'a_2'), 0)
  assert.deepEqual(naturalSort(['x_02', 'x_2', 'x_002']), ['x_02', 'x_2', 'x_002'])
  assert.deepEqual(naturalSort(['1b', 'a', '', '1a']), ['', '1a', '1b', 'a'])
})
