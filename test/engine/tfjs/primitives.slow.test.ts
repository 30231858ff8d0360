/** As primitives.test.ts, with more random uses; NEOMESH_USES=200 asks for as many as find what is rare. */
import { test } from 'node:test'
import { checkUses, gradientOf, NAMES } from './check-cases.js'

const COUNT = Number(process.env.NEOMESH_USES ?? 40)

for (const name of NAMES) test(`${name}: ${COUNT} random uses`, () => checkUses(name, COUNT))
for (const name of NAMES)
  test(`${name}: ${COUNT} random gradients`, () => checkUses(name, COUNT, { change: gradientOf }))
