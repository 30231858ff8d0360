/** As primitives.test.ts, with as many random uses as find what is rare. */
import { test } from 'node:test'
import { checkUses, gradientOf, NAMES } from './check-cases.js'

const COUNT = 200

for (const name of NAMES) test(`${name}: ${COUNT} random uses`, () => checkUses(name, COUNT))
for (const name of NAMES)
  test(`${name}: ${COUNT} random gradients`, () => checkUses(name, COUNT, { change: gradientOf }))
