import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseJson, readJson } from '../../src/files/index.js'
import { temporaryFolder } from './temporary-folder.js'

test('JSON is read, also behind a byte order mark', async (t) => {
  const path = join(temporaryFolder(t), 'a.json')
  writeFileSync(path, '\ufeff{"a": [1, true]}')
  assert.deepEqual(await readJson(path), { a: [1, true] })
})

const mistakes: [string, RegExp][] = [
  ['', /^f\.json must contain JSON \(got an empty file\)\. Check the path$/],
  [' \n', /^f\.json must contain JSON/],
  ['{"a": 1,}', /^f\.json:1:9: not valid JSON: Expected double-quoted property name$/],
  ['{\n  "a" 1}', /^f\.json:2:7: not valid JSON: Expected ':' after property name$/],
  ['{"a":1', /^f\.json:1:7: not valid JSON: Expected ',' or '}' after property value$/],
  ['{\n\n  "a": tru }', /^f\.json:3:8: not valid JSON: Unexpected token/],
  ['{"lr": 1e-4, "x": NaN}', /^f\.json:1:19: not valid JSON: Unexpected token 'N'$/],
  ['{"a": [1, 2],\n "b": }', /^f\.json:2:7: not valid JSON: Unexpected token '}'$/],
  ['[1, 2, ]', /^f\.json:1:8: not valid JSON: Unexpected token '\]'$/],
  ['[1] 2', /^f\.json:1:5: not valid JSON: Unexpected non-whitespace character$/],
  ['nul', /^f\.json:1:1: not valid JSON: Unexpected end of JSON input$/],
  ['{"a": 1, // comment\n}', /^f\.json:1:10: not valid JSON: Expected double-quoted/],
]
for (const [text, message] of mistakes) {
  test(`JSON mistake: ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseJson(text, 'f.json'), { name: 'FileError', message }))
}

test('what is nested too deeply is refused before anything prints it', async (t) => {
  const path = join(temporaryFolder(t), 'a.json')
  writeFileSync(path, `{"a": "[[\\"[", "b": ${'['.repeat(300)}${']'.repeat(300)}}`)
  await assert.rejects(readJson(path), { message: /a\.json:1:\d+: must be nested at most 200 levels deep$/ })
  writeFileSync(path, `${'['.repeat(200)}${']'.repeat(200)}`)
  await readJson(path)
})

test('another kind of file is said to be what it is', async (t) => {
  const path = join(temporaryFolder(t), 'a.json')
  writeFileSync(path, '<!doctype html>')
  await assert.rejects(readJson(path), { message: /a\.json must be a JSON file \(got an HTML page/ })
})

test('a missing file and a folder', async () => {
  await assert.rejects(readJson('no/such.json'), /cannot read no\/such\.json: it does not exist/)
  await assert.rejects(readJson('.'), /cannot read \.: it is a folder/)
})
