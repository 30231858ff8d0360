/** The public API: checked-in reports of what each entry exports, and docstrings. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readApi, reportOf, root } from './report.js'

const entries = readApi()

test('the reports in docs/api are what the entries export: after a change run `npm run api`', () => {
  assert.deepEqual(
    readdirSync(join(root, 'docs/api')).map((name) => `docs/api/${name}`),
    entries.map(({ file }) => file).sort(),
  )
  for (const entry of entries) {
    const known = entry.name === 'neomesh' ? entries.slice(1) : []
    const [saved, now] = [readFileSync(join(root, entry.file), 'utf8'), reportOf(entry, known)].map((x) =>
      x.split('\n'),
    )
    const line = now.findIndex((text, i) => text !== saved[i])
    if (line >= 0 || saved.length !== now.length)
      assert.fail(`${entry.file}:${line + 1} must be ${now[line]} (got ${saved[line]}). Run \`npm run api\`.`)
  }
})

test('entries resolve by their names, as in an installed package', async () => {
  for (const { name, exports } of entries) {
    const module = (await import(name)) as Record<string, unknown>
    const values = exports.filter(({ isValue }) => isValue).map((each) => each.name)
    assert.deepEqual(Object.keys(module), values.sort(), name)
  }
})

test('the root exports what the lessons use, and each of its names is one of a room', () => {
  const [index, ...rooms] = entries
  const ofRooms = new Set(rooms.flatMap(({ exports }) => exports.map(({ source }) => source)))
  const strays = index.exports.filter(({ kind, source }) => kind !== 'namespace' && !ofRooms.has(source))
  assert.deepEqual(
    strays.map(({ name }) => name),
    [],
  )
  const current = new Set(index.exports.filter(({ deprecated }) => !deprecated).map(({ name }) => name))
  assert.ok(current.size <= 150, `${current.size} names at the root: export new ones from their room alone`)
  const texts = [
    'README.md',
    'templates/project/src/train.ts',
    ...readdirSync(join(root, 'notebooks')).map((name) => `notebooks/${name}`),
  ]
  for (const path of texts.filter((name) => existsSync(join(root, name)) && /\.(md|ts|ipynb)$/.test(name)))
    for (const [, name] of readFileSync(join(root, path), 'utf8').matchAll(/(?<![-\w])neo\.([A-Za-z]+)/g))
      assert.ok(current.has(name), `${path} uses neo.${name}`)
})

/** Public functions and classes without a docstring; may only fall. */
const UNDOCUMENTED = 0

test('public functions and classes have a docstring', () => {
  const missing = new Map<string, string>()
  for (const { name: entry, exports } of entries)
    for (const { name, kind, text, source, documented } of exports)
      if ((kind === 'function' || kind === 'class' || (kind === 'const' && text.includes('=>'))) && !documented)
        missing.set(source, `${entry}: ${name}`)
  assert.ok(missing.size <= UNDOCUMENTED, `without a docstring (${missing.size}):\n${[...missing.values()].join('\n')}`)
})
