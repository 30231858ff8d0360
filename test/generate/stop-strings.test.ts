import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StopStrings } from '../../src/generate/index.js'

/** What is shown of a text that comes in pieces, and whether it was stopped. */
function shown(text: string, size: number, stops: readonly string[]) {
  const strings = new StopStrings(stops)
  let out = ''
  for (let at = 0; at < text.length && !strings.stopped; at += size) {
    out += strings.push(text.slice(at, at + size))
    for (const stop of stops) assert.ok(!out.includes(stop))
  }
  return [out + strings.finish(), strings.stopped]
}

test('a text ends before the first stop string, wherever its pieces are cut', () => {
  const cases: [string, string[], string, boolean][] = [
    ['one\n\ntwo', ['\n\n'], 'one', true],
    ['one\ntwo', ['\n\n'], 'one\ntwo', false],
    ['aaab', ['aab'], 'a', true],
    ['abababc', ['ababc'], 'ab', true],
    ['User: hi Bot: ho', ['Bot:', 'User:'], '', true],
    ['ends with its beginning: Us', ['User:'], 'ends with its beginning: Us', false],
    ['日本語です', ['語で'], '日本', true],
    ['nothing', [], 'nothing', false],
  ]
  for (const [text, stops, wanted, stopped] of cases)
    for (let size = 1; size <= text.length; size++) assert.deepEqual(shown(text, size, stops), [wanted, stopped])
})

test('an empty stop string is refused', () => {
  assert.throws(() => new StopStrings(['a', '']), { name: 'RangeError', message: /must not be empty/ })
})
