import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { nodeTexts, proseOf } from '../../../src/data/index.js'

const world = mkdtempSync(join(tmpdir(), 'neomesh-texts-'))
after(() => rmSync(world, { recursive: true, force: true }))

test('the prose of comments: no stars, examples, tags or targets of links', () => {
  const source = `
/**
 * Reads a [file](https://nodejs.org/file) at once.
 *
 * \`\`\`js
 * read('x')
 * \`\`\`
 * See {@link write}.
 * @param path the file
 * @since v1.0.0
 */
export function read(path: string): string
/** Short. */ /** @deprecated */`
  assert.equal(proseOf(source), 'Reads a file at once.\n\nSee write.\nthe file\n')
})

test('the documentation of Node: a text a module, made once', async () => {
  const folder = join(world, 'new', 'texts')
  const paths = await nodeTexts(folder)
  assert.ok(paths.length > 20 && paths.some((path) => basename(path) === 'fs.txt'))
  const size = paths.reduce((sum, path) => sum + readFileSync(path, 'utf8').length, 0)
  assert.ok(size > 400_000, `${size} characters`)
  assert.match(readFileSync(join(folder, 'fs.txt'), 'utf8'), /file system/)
  assert.deepEqual(await nodeTexts(folder), paths)
})
