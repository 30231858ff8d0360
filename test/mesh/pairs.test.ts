import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePairs } from '../../src/mesh/index.js'

const cases: [text: unknown, pairs: [string, string][]][] = [
  ['', []],
  ['x:4', [['x', '4']]],
  [
    'x:2,y:2',
    [
      ['x', '2'],
      ['y', '2'],
    ],
  ],
  [
    'x:2 y:2',
    [
      ['x', '2'],
      ['y', '2'],
    ],
  ],
  [
    'x:2.y:2',
    [
      ['x', '2'],
      ['y', '2'],
    ],
  ],
  [
    'batch:x;heads:y',
    [
      ['batch', 'x'],
      ['heads', 'y'],
    ],
  ],
  [
    ' x:2 ,; \n y:2,, ',
    [
      ['x', '2'],
      ['y', '2'],
    ],
  ],
  [
    [
      ['x', 2],
      ['y', 2],
    ],
    [
      ['x', '2'],
      ['y', '2'],
    ],
  ],
]

for (const [text, pairs] of cases) {
  test(`the pairs of ${JSON.stringify(text)}`, () => assert.deepEqual(parsePairs(text), pairs))
}

for (const text of ['x', 'x:', ':4', 'x:1:2', 'x :4']) {
  test(`${JSON.stringify(text)} is refused as a list of pairs`, () => {
    assert.throws(() => parsePairs(text), {
      message: /^each pair must have one colon, such as "x:4" \(got ".*" in ".*"\)$/,
    })
  })
}
