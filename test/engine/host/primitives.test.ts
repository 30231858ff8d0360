/** Every primitive operation, and its gradient, gives on the host and on TensorFlow.js what it gives on XLA. */
import { test } from 'node:test'
import { gradientOf, NAMES } from './cases.js'
import { checkUses } from './check-cases.js'

const COUNT = 12

for (const name of NAMES) test(`${name}: ${COUNT} random uses`, () => checkUses(name, COUNT))
for (const name of NAMES)
  test(`${name}: ${COUNT} random gradients`, () => checkUses(name, COUNT, { change: gradientOf }))
