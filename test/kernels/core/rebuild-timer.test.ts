/** Timers of the compiler's watch over a host that holds one timer, as tslab's does. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { shareTimer } from '../../../kernels/core/rebuild-timer.js'

let timer: { callback: () => void } | null
const host = {
  setTimeout(callback: () => void) {
    assert.equal(timer, null, 'a second timer')
    timer = { callback }
    return timer
  },
  clearTimeout(given: unknown) {
    assert.equal(given, timer, 'another timer')
    timer = null
  },
}
/** As tslab does before it compiles a cell. */
const rebuild = () => {
  timer!.callback()
  timer = null
}
let called: string[]
beforeEach(() => {
  timer = null
  called = []
})

test('two timers run by one call, once', () => {
  const { setTimeout } = shareTimer(host)
  setTimeout(() => called.push('invalidate'), 250)
  setTimeout(() => called.push('update'), 250)
  rebuild()
  setTimeout(() => called.push('next'), 250)
  rebuild()
  assert.deepEqual(called, ['invalidate', 'update', 'next'])
})

test('one that is cleared does not run; the last one clears that of the host', () => {
  const { setTimeout, clearTimeout } = shareTimer(host)
  const first = setTimeout(() => called.push('first'), 250)
  const second = setTimeout(() => called.push('second'), 250)
  clearTimeout(first)
  rebuild()
  assert.deepEqual(called, ['second'])
  clearTimeout(second)
  clearTimeout(setTimeout(() => {}, 250))
  assert.equal(timer, null)
})

test('those that a callback clears and sets again run by the same call', () => {
  const { setTimeout, clearTimeout } = shareTimer(host)
  let update = setTimeout(() => called.push('early'), 250)
  clearTimeout(update)
  setTimeout(() => {
    clearTimeout(update)
    update = setTimeout(() => called.push('update'), 250)
  }, 250)
  update = setTimeout(() => called.push('stale'), 250)
  rebuild()
  assert.deepEqual(called, ['update'])
})

test('one that throws leaves none pending', () => {
  const { setTimeout } = shareTimer(host)
  setTimeout(() => {
    throw new Error('no')
  }, 250)
  assert.throws(rebuild, /no/)
  timer = null
  setTimeout(() => called.push('next'), 250)
  rebuild()
  assert.deepEqual(called, ['next'])
})
