import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readJsonLines } from '../../src/files/index.js'
import { temporaryFolder } from './temporary-folder.js'

/** The values of a file with this text, and the warnings that reading it gives. */
async function read(t: TestContext, text: string): Promise<{ values: unknown[]; warnings: string[] }> {
  const path = join(temporaryFolder(t), 'a.jsonl')
  writeFileSync(path, text)
  const emit = t.mock.method(process, 'emitWarning', () => {})
  const values = await readJsonLines(path)
  return {
    values,
    warnings: emit.mock.calls.map(({ arguments: [message] }) => String(message).replace(path, 'a.jsonl')),
  }
}

test('values are read line by line; a last line that was cut off is left out silently', async (t) => {
  assert.deepEqual(await read(t, '{"a":1}\n\n2\n{"a":'), { values: [{ a: 1 }, 2], warnings: [] })
})

test('broken lines before the last are left out with a warning that counts them', async (t) => {
  assert.deepEqual(await read(t, '1\n{"a":\n3\n'), {
    values: [1, 3],
    warnings: ['a.jsonl: 1 of 3 lines is not JSON and is skipped: line 2'],
  })
})

test('the first ten broken lines are named', async (t) => {
  const { warnings } = await read(t, '{\n'.repeat(12) + '1\n')
  assert.deepEqual(warnings, [
    'a.jsonl: 12 of 13 lines are not JSON and are skipped: lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...',
  ])
})

test('no file has no values', async () => {
  assert.deepEqual(await readJsonLines('no/such.jsonl'), [])
})
