/** docs/compatibility.md has the tables that the schema makes. UPDATE_DOCS=1 writes them. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { activationNames } from '../../../src/config/index.js'
import { crashingActivations } from '../../../src/config/keys/activation-names.js'
import { deprecatedTable, describeKeys, keyTables } from '../../../src/config/keys/describe-keys.js'

const file = fileURLToPath(new URL('../../../../docs/compatibility.md', import.meta.url))

/** The page with its generated parts made anew. */
function made(text: string): string {
  const activations = activationNames.map((name) => `\`${name}\``).join(', ')
  return Object.entries({ keys: keyTables(), deprecated: deprecatedTable() })
    .reduce((page, [name, table]) => {
      const [begin, end] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->`]
      const [from, to] = [page.indexOf(begin), page.indexOf(end)]
      assert.ok(from >= 0 && to > from, `docs/compatibility.md has no part between ${begin.trim()} and ${end}`)
      return `${page.slice(0, from)}${begin}${table}${page.slice(to)}`
    }, text)
    .replace(/^Activations: .*$/m, `Activations: ${activations}.`)
}

test('the tables of docs/compatibility.md are those of the schema', () => {
  const text = readFileSync(file, 'utf8')
  if (process.env.UPDATE_DOCS) writeFileSync(file, made(text))
  else assert.equal(text, made(text), 'UPDATE_DOCS=1 node dist/test/run.js config/keys/describe writes them')
})

test('each key has a meaning of one line, a kind and a source', () => {
  for (const { name, meaning, kind, source } of describeKeys()) {
    assert.match(meaning, /^[^\n]{4,200}$/, name)
    assert.match(kind, /^[^\n]{4,100}$/, name)
    assert.match(source, /^(neomesh|[\w./ ]+\.py(: .+)?|Mesh TensorFlow 0\.1\.18 .+)$/, name)
  }
})

test('activations that the original cannot run are named', () => {
  const text = readFileSync(file, 'utf8')
  for (const name of crashingActivations) assert.ok(text.split('## Keys')[0].includes(`\`${name}\``), name)
})
