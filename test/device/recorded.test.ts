/** Recorded steps of the original GPT-Neo, replayed on a GPU with the tolerances that CPUs have. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fixture } from '../model/goldens.js'
import { openCaseFile } from '../parity/case-file.js'
import { verdictsOf } from '../parity/kinds/index.js'
import { describe, passed } from '../parity/verdict.js'
import { openWorkshop } from '../parity/workshop.js'
import { EXACT, platform, skip } from './device.js'

const workshop = openWorkshop('unroll', EXACT, platform)
after(() => workshop.close())

for (const name of [
  'global',
  'local',
  'linear',
  'mixed',
  'rotary',
  'moe_top2',
  'moe_switch',
  'mlm_local',
  'adafactor',
  'microbatch',
  'bfloat16',
])
  test(`recorded steps of ${name}`, { skip }, async () => {
    for await (const verdict of verdictsOf(await openCaseFile(fixture(`goldens/${name}.json`)), workshop))
      assert.ok(passed(verdict), describe(verdict))
  })
