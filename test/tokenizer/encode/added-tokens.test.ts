import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadTokenizer, saveTokenizer, Tokenizer } from '../../../src/tokenizer/index.js'
import { partsOfJson } from '../../../src/tokenizer/files/tokenizer-json.js'
import { fixture, fixturePath, temporaryFolder } from '../support.js'

/** What test/reference/make_added_token_fixtures.py recorded of Hugging Face tokenizers and transformers. */
const recorded = fixture<{
  flagged: { addedTokens: unknown[]; texts: string[]; ids: number[][] }[]
  folders: { base: string[]; files: Record<string, unknown>; texts: string[]; ids: number[][] }[]
}>('added-tokens.json')
const golden = JSON.parse(readFileSync(fixturePath('golden/tokenizer.json'), 'utf8'))
const folder = temporaryFolder()

test('added tokens with all flags: the ids of Hugging Face tokenizers', () => {
  assert.equal(recorded.flagged.length, 60)
  for (const { addedTokens, texts, ids } of recorded.flagged) {
    const tokenizer = new Tokenizer(partsOfJson('t.json', JSON.stringify({ ...golden, added_tokens: addedTokens })))
    texts.forEach((text, at) =>
      assert.deepEqual([...tokenizer.encode(text)], ids[at], `${JSON.stringify(text)} ${JSON.stringify(addedTokens)}`),
    )
  }
})

test('added tokens with flags are found in a stream, and survive being saved', async () => {
  const { addedTokens, texts, ids } = recorded.flagged[3]
  const parts = partsOfJson('t.json', JSON.stringify({ ...golden, added_tokens: addedTokens }))
  const path = join(folder, 'saved.json')
  await saveTokenizer(new Tokenizer(parts), path)
  const tokenizer = await loadTokenizer(path)
  assert.deepEqual(tokenizer.parts, parts)
  for (const [at, text] of texts.entries()) {
    const found: number[] = []
    for await (const some of tokenizer.encodeStream(text.split(''))) found.push(...some)
    assert.deepEqual(found, ids[at])
  }
})

for (const [at, { base, files, texts, ids }] of recorded.folders.entries())
  test(`tokens that a folder names, as transformers reads them: ${at}, ${Object.keys(files).join(', ')}`, async () => {
    const place = join(folder, `folder-${at}`)
    mkdirSync(place)
    for (const name of base) cpSync(fixturePath(`golden/${name}`), join(place, name))
    for (const [name, content] of Object.entries(files)) writeFileSync(join(place, name), JSON.stringify(content))
    const tokenizer = await loadTokenizer(place)
    assert.deepEqual(
      texts.map((text) => [...tokenizer.encode(text)]),
      ids,
    )
  })
