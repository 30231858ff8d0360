import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normaliser } from '../../src/data/index.js'
import { goldens } from './fixtures.js'

const likeFtfy = normaliser({ newlines: true, nfkc: true, quotes: true, entities: true })
const likeScript = normaliser({ newlines: true, nfkc: true, quotes: true, entities: true, wikitext: true })

for (const [name, { read, ftfy, detokenized }] of Object.entries(goldens.documents)) {
  test(`the same text as GPT-Neo's script made of ${name}`, () => {
    assert.equal(likeFtfy(read), ftfy)
    assert.equal(likeScript(read), detokenized)
  })
}

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
