/** Layouts that the original ran or refused, recorded: legal and illegal here as there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fixture } from '../model/goldens.js'
import { keysOf, lackedDevices, type RecordedLayout } from '../parity/kinds/layouts.js'
import { refusals } from './support.js'

const { layouts } = JSON.parse(readFileSync(fixture('goldens/layouts.json'), 'utf8')) as {
  layouts: RecordedLayout[]
}

/** Bugs of the original, which only `compat: "gpt-neo"` has: docs/compatibility.md. */
const fixed = [
  ['global', 'embed_sequence:x'],
  ['local', 'sequence:x'], // of fewer blocks than devices
  ['global', 'vocab:x'], // of 96 words over 5 devices: filled up to 100
  ['rotary', 'features_per_head:x'],
  ['rotary', 'half_features_per_head:x'],
  ['axial', 'axial_dim:x'],
]

for (const each of layouts) {
  const { kind, mesh_shape, layout, loss, message } = each
  if (lackedDevices(each)) continue
  test(`${kind} on ${mesh_shape} by ${layout || 'no rules'}: ${loss ? 'legal' : 'illegal'}`, () => {
    const found = refusals(keysOf(each))
    if (loss) assert.deepEqual(found, [])
    else assert.notDeepEqual(found, [], message)
    const isFixed = fixed.some(([k, rules]) => k === kind && rules === layout)
    assert.equal(refusals({ ...keysOf(each), compat: undefined }).length > 0, !loss && !isFixed)
  })
}
