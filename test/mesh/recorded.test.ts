/** Layouts that the original ran or refused, recorded: legal and illegal here as there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fixture } from '../model/goldens.js'
import { refusals } from './support.js'

interface Recorded {
  readonly kind: string
  readonly mesh_shape: string
  readonly layout: string
  readonly config?: Record<string, unknown>
  readonly loss?: readonly number[]
  readonly error?: string
}

const { layouts } = JSON.parse(readFileSync(fixture('goldens/layouts.json'), 'utf8')) as {
  layouts: Recorded[]
}

/** What a kind of recorded model is, beside the changes that its entries list. */
const KINDS: Record<string, Record<string, unknown>> = {
  local512: { n_ctx: 512 },
}
/** The original was given fewer devices than the mesh has: not a property of the layout. */
const tooFewDevices = ({ error = '', loss }: Recorded & { message?: string }) => !loss && error === 'ValueError'
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
  const { kind, mesh_shape, layout, config, loss } = each
  const message = (each as { message?: string }).message ?? ''
  if (tooFewDevices(each) && message.includes('same length as devices')) continue
  const changes = { ...KINDS[kind], ...config, mesh_shape, layout }
  test(`${kind} on ${mesh_shape} by ${layout || 'no rules'}: ${loss ? 'legal' : 'illegal'}`, () => {
    const found = refusals({ ...changes, compat: 'gpt-neo' })
    if (loss) assert.deepEqual(found, [])
    else assert.notDeepEqual(found, [], message)
    const isFixed = fixed.some(([k, rules]) => k === kind && rules === layout)
    assert.equal(refusals(changes).length > 0, !loss && !isFixed)
  })
}
