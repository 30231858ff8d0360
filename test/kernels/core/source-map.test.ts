/** Source maps of the compiler, read as Node reads them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSourceMap } from '../../../kernels/core/source-map.js'
import { root } from '../client.js'

for (const file of ['dist/kernels/core/errors.js', 'dist/kernels/node/server.js', 'dist/src/index.js'])
  test(`every position of ${file} has the original that Node finds`, () => {
    const payload = JSON.parse(readFileSync(join(root, `${file}.map`), 'utf8'))
    const [map, nodes] = [readSourceMap(payload), new SourceMap(payload)]
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    for (const [line, text] of lines.entries())
      for (let column = 0; column <= text.length; column++) {
        const expected = nodes.findEntry(line, column)
        const found = map.find(line, column)
        if (!('originalLine' in expected)) assert.equal(found, null)
        else
          assert.deepEqual(found, {
            source: expected.originalSource,
            line: expected.originalLine,
            column: expected.originalColumn,
          })
      }
  })

test('a segment without a source ends the one before; before the first mapping there is no original', () => {
  const map = readSourceMap({ sources: ['a.ts'], mappings: ';CACE,E,gCADA' })
  assert.equal(map.find(0, 5), null)
  assert.equal(map.find(1, 0), null)
  assert.deepEqual(map.find(1, 2), { source: 'a.ts', line: 1, column: 2 })
  assert.equal(map.find(1, 3), null)
  assert.deepEqual(map.find(9, 0), { source: 'a.ts', line: 0, column: 2 })
})
