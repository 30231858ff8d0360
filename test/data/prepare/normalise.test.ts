import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomIntegers } from '../fixtures.js'
import { normaliser } from '../../../src/data/index.js'

test('nothing happens unless asked for', () => {
  const text = '“x”\r\n ﬁ &amp; 1 @-@ 2'
  assert.equal(normaliser({})(text), text)
  assert.equal(normaliser({ quotes: true })(text), '"x"\r\n ﬁ &amp; 1 @-@ 2')
  assert.equal(normaliser({ newlines: true })('a\r\nb\rc\n'), 'a\nb\nc\n')
})

test('entities: named, numeric, unknown, beside a tag, impossible', () => {
  const decode = normaliser({ entities: true })
  assert.equal(decode('&lt;&#65;&#x1F600;&nope;&toString;'), '<A😀&nope;&toString;')
  assert.equal(decode('<b>&amp;</b>'), '<b>&amp;</b>')
  assert.equal(decode('&#0;&#xD800;&#9999999;'), '&#0;&#xD800;&#9999999;')
})

test('white space inside pairs: the same as with the patterns of the script, in linear time', () => {
  const patterns = [
    /\(\s*([^)]*?)\s*\)/g,
    /\[\s*([^\]]*?)\s*\]/g,
    /\{\s*([^}]*?)\s*\}/g,
    /"\s*([^"]*?)\s*"/g,
    /'\s*([^']*?)\s*'/g,
  ]
  const marks = ['()', '[]', '{}', '""', "''"]
  const random = randomIntegers(17)
  const clean = normaliser({ wikitext: true })
  for (let round = 0; round < 2000; round++) {
    const pair = random(5)
    const pieces = [marks[pair][0], marks[pair][1], ' ', '\u00a0\u2003', 'ab', 'c']
    const text = Array.from({ length: random(14) }, () => pieces[random(pieces.length)]).join('')
    const [open, close] = marks[pair]
    assert.equal(clean(text), text.replace(patterns[pair], `${open}$1${close}`), JSON.stringify(text))
  }
  // Quadratic, each of these would take minutes.
  for (const piece of ['{ ', '(', '[', '( [ { '])
    assert.equal(clean(piece.repeat(300_000)).length, piece.length * 300_000)
})
