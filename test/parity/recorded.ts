import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QUICKLY } from '../engine/xla/flags.js'
import { fixture } from '../model/goldens.js'
import { openCaseFile } from './case-file.js'
import { verdictsOf } from './kinds/index.js'
import { describe, passed } from './verdict.js'
import { openWorkshop } from './workshop.js'

const workshop = openWorkshop('unroll', QUICKLY)

/** A test of a file of recorded cases, of which it must have so many. */
export function testRecorded(path: string, cases: number): void {
  test(`${path}: ${cases} cases as the original recorded them`, async () => {
    let compared = 0
    for await (const verdict of verdictsOf(await openCaseFile(fixture(path)), workshop)) {
      assert.ok(passed(verdict), describe(verdict))
      compared++
    }
    assert.equal(compared, cases)
  })
}
