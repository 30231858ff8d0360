import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normaliser } from '../../src/data/index.js'

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
