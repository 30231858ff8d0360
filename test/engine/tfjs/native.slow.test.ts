/** The engine on TensorFlow's own library, where a user has built it (docs/tfjs-node.md); skipped elsewhere. */
import { test } from 'node:test'
import { findNative, openNative } from '../../../src/engine/tfjs/native.js'
import { gradientOf, NAMES } from '../host/cases.js'
import { checkUses } from '../host/check-cases.js'
import { checkModel, KINDS } from '../host/check-models.js'

const COUNT = 50
const name = '@tensorflow/tfjs-node'
const skip = findNative(name) ? false : `${name} is not installed`
const engine = skip ? null : await openNative(name)
const backends = { [name]: async () => engine! }

for (const op of NAMES) {
  test(`${op}: ${COUNT} random uses`, { skip }, () => checkUses(op, COUNT, { backends }))
  test(`${op}: ${COUNT} random gradients`, { skip }, () => checkUses(op, COUNT, { change: gradientOf, backends }))
}
for (const kind of Object.keys(KINDS)) test(`${kind}: trains as on XLA`, { skip }, (t) => checkModel(kind, engine!, t))
