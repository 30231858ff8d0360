import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenNames } from '../../src/serve/token-names.js'
import { trainTokenizer, Tokenizer } from '../../src/tokenizer/index.js'

test('every id has a name that no other has: text, bytes of a part of a character, or its number', async () => {
  const base = await trainTokenizer({ texts: ['the state, naïve 日本 the state'], vocabSize: 275 })
  const size = base.vocabSize
  // An added token that looks like the name of a learned one.
  const odd = { id: size, content: 'bytes:\\xe6', special: false }
  const tokenizer = new Tokenizer({ ...base.parts, addedTokens: [...base.addedTokens, odd] })
  const { nameOf, bytesOf } = tokenNames(tokenizer)
  const names = Array.from({ length: size + 10 }, (_, id) => nameOf(id))
  assert.equal(new Set(names).size, names.length, names.filter((name, i) => names.indexOf(name) !== i).join())
  assert.ok(names.includes('bytes:\\xe6'))
  assert.deepEqual([names[size], names[size + 3]], [`token_id:${size}`, `token_id:${size + 3}`])
  assert.deepEqual([...bytesOf(size + 3)], [])
  assert.equal(Array.from(tokenizer.encode('the state'), nameOf).join(''), 'the state')
})
