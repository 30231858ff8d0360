import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTally, type TestReport } from './tally.js'

const FILE = '/x/dist/test/room/a.test.js'
const report = (name: string, more: Partial<TestReport> = {}): TestReport => ({
  name,
  file: FILE,
  nesting: 0,
  details: { duration_ms: 1500 },
  ...more,
})

function summaryOf(...reports: TestReport[]) {
  const tally = createTally()
  for (const each of reports) tally.add(each)
  return tally.summary()
}

test('a file without tests is a fault', () => {
  const { lines, faults } = summaryOf(report(FILE))
  assert.equal(faults, 1)
  assert.ok(lines.includes('room/a.test.ts has no tests'))
})

test('a file of which every test is skipped is listed, and a fault but for a known reason', () => {
  const skipped = (reason: string | true) => summaryOf(report('one', { skip: reason }), report('two', { skip: reason }))
  assert.equal(skipped('no Python in .venv').faults, 1)
  assert.ok(skipped('no Python in .venv').lines.includes('room/a.test.ts: every test is skipped (no Python in .venv)'))
  assert.equal(skipped(true).faults, 1)
  const known = skipped('libtpu is not installed')
  assert.equal(known.faults, 0)
  assert.ok(known.lines.includes('room/a.test.ts: every test is skipped (libtpu is not installed)'))
  assert.equal(skipped('@tensorflow/tfjs-node is not installed').faults, 0)
  assert.ok(skipped('no Python in .venv').lines.some((line) => line.startsWith('room/a.test.ts fails in CI')))
})

test('one test that runs is enough; tests within tests do not count', () => {
  const some = summaryOf(report('one', { skip: 'no Python in .venv' }), report('two'))
  assert.deepEqual([some.faults, some.lines[0]], [0, 'slowest tests:'])
  assert.equal(summaryOf(report('one', { skip: 'no Python in .venv' }), report('inner', { nesting: 1 })).faults, 1)
})

test('the ten slowest tests are listed, slowest first', () => {
  const { lines } = summaryOf(
    ...Array.from({ length: 12 }, (_, i) => report(`test ${i}`, { details: { duration_ms: 1000 * i } })),
  )
  assert.equal(lines.length, 11)
  assert.equal(lines[1], '    11.0 s  room/a.test.ts: test 11')
  assert.equal(lines[10], '     2.0 s  room/a.test.ts: test 2')
})
