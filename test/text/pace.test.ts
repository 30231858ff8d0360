/** Rates and times left, with a clock that the tests set. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createProgress } from '../../src/cli/progress.js'
import { createPace } from '../../src/text/pace.js'
import { progressBar } from '../../src/notebook/index.js'
import { fakeKernel } from '../notebook/fake-kernel.js'

/** Seconds that the clock has gone at each step: the first compiles for ten minutes, each further one takes 2 s. */
const AT = [600, 602, 604, 606]

function clock(t: TestContext): { seconds: number } {
  const time = { seconds: 0 }
  t.mock.method(performance, 'now', () => 1000 * time.seconds)
  return time
}

test('a slow first step is left out, and nothing is said until two steps are timed', () => {
  const pace = createPace(0)
  const said = AT.map((seconds, i) => {
    pace.note(i + 1, 1000 * seconds)
    return [pace.rate(), pace.left(10)]
  })
  assert.deepEqual(said, [
    [null, null],
    [null, null],
    [0.5, 14],
    [0.5, 12],
  ])
})

test('of work that goes on, what came before counts for nothing; nor do news without an advance', () => {
  const pace = createPace(900)
  pace.note(901, 60_000)
  for (const ms of [60_500, 61_000, 61_500]) pace.note(901, ms)
  assert.equal(pace.left(1000), null)
  pace.note(902, 62_000)
  pace.note(903, 64_000)
  assert.equal(pace.left(1000), 194)
  pace.note(1000, 66_000)
  assert.equal(pace.left(1000), null)
})

test('a pause, as for a validation, is shared by all steps', () => {
  const pace = createPace(0)
  const at = [5, 6, 7, 15]
  at.forEach((seconds, i) => pace.note(i + 1, 1000 * seconds))
  assert.equal(pace.rate(), 0.3)
})

test('on the command line', (t) => {
  const time = clock(t)
  const lines: string[] = []
  const stream = { isTTY: false, write: (text: string) => lines.push(text.trimEnd()) } as unknown as NodeJS.WriteStream
  const progress = createProgress({ title: 'training', total: 7, start: 3, stream })
  AT.forEach((seconds, i) => {
    time.seconds = 10 * seconds
    progress.update(4 + i, `loss ${i}`)
  })
  progress.stop()
  assert.deepEqual(lines, [
    'training: 4 of 7, loss 0',
    'training: 5 of 7, loss 1',
    'training: 6 of 7, 0.05/s, 20 s left, loss 2',
    'training: 7 of 7, 0.05/s, loss 3',
  ])
})

test('in a notebook', (t) => {
  const time = clock(t)
  const shown = fakeKernel()
  const bar = progressBar('Training', { total: 7, start: 3, unit: 'steps' })
  const lines = AT.map((seconds, i) => {
    time.seconds = seconds
    bar.update(4 + i)
    return shown[0].bundle['text/plain']
  })
  bar.stop('done')
  assert.deepEqual(lines, [
    'Training: 4 of 7 steps',
    'Training: 5 of 7 steps',
    'Training: 6 of 7 steps · 0.500/s · 2 s left',
    'Training: 7 of 7 steps · 0.500/s',
  ])
  assert.equal(shown[0].bundle['text/plain'], 'Training: 7 of 7 steps · 0.500/s · 10 min 06 s · done')
})
