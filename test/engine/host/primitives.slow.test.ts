/** As primitives.test.ts, with as many random uses as find what is rare. */
import { test } from 'node:test'
import { gradientOf, NAMES } from './cases.js'
import { checkUses } from './check-cases.js'
import { plainXla as oracle } from './compare.js'

const COUNT = Number(process.env.NEOMESH_USES ?? 200)

for (const name of NAMES) test(`${name}: ${COUNT} random uses`, () => checkUses(name, COUNT, { oracle }))
for (const name of NAMES)
  test(`${name}: ${COUNT} random gradients`, () => checkUses(name, COUNT, { oracle, change: gradientOf }))
