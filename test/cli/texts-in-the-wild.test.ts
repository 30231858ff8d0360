/** Texts and records as people have them, each with what has to come of it. Inputs: test/fixtures/cases. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadTokenizer } from '../../src/tokenizer/index.js'
import { runHere } from './run-here.js'
import { someText } from './world.js'

const cases = fileURLToPath(new URL('../../../test/fixtures/cases/', import.meta.url))
const home = process.cwd()
let world = ''

before(async () => {
  world = mkdtempSync(join(tmpdir(), 'neomesh-wild-'))
  cpSync(cases, world, { recursive: true })
  process.env.NEOMESH_CACHE = join(world, 'cache')
  process.chdir(world)
  writeFileSync('some.txt', someText(40))
  assert.equal((await neomesh('tokenizer train some.txt -n 300 -o t.json')).code, 0)
})
after(() => {
  process.chdir(home)
  rmSync(world, { recursive: true, force: true })
})

async function neomesh(line: string) {
  const { code, stderr } = await runHere(line.split(' '))
  return { code, stderr }
}

/** The ids that a command prepared, as text. */
async function preparedText(folder: string): Promise<string> {
  const { openDataset } = await import('../../src/data/index.js')
  const dataset = await openDataset({ path: join(folder, 'train') })
  const ids: number[] = []
  for (let i = 0; i < dataset.size; i++) ids.push(...(await dataset.read(i)))
  dataset.close()
  return (await loadTokenizer('t.json')).decode(ids)
}

test('a folder and a quoted pattern: texts of other endings are read, an archive is named', async () => {
  for (const [inputs, out] of [
    ['folder-skips/texts', 'folder'],
    ['folder-skips/texts/*', 'pattern'],
  ]) {
    const passedOver =
      /passed over, not text: 1 file \(1 \.xz\), such as .*e\.txt\.xz\. To read them: unpack \.xz with `xz -d`/
    const prepared = await neomesh(`data prepare ${inputs} -t t.json -c 16 -o ${out}`)
    assert.equal(prepared.code, 0, prepared.stderr)
    assert.match(prepared.stderr, /read: 4 documents from 4 files/)
    assert.match(prepared.stderr, passedOver)
    const trained = await neomesh(`tokenizer train ${inputs} -n 300 -o ${out}.json`)
    assert.equal(trained.code, 0, trained.stderr)
    assert.match(trained.stderr, passedOver)
  }
  const named = await neomesh('tokenizer train folder-skips/texts/e.txt.xz -n 300 -o x.json')
  assert.equal(named.code, 1)
  assert.match(named.stderr, /^neomesh: .*e\.txt\.xz must be text or JSON lines: unpack \.xz with `xz -d`\n$/)
})

test('UTF-16 with a byte order mark and without is decoded, to train and to prepare', async () => {
  for (const name of ['notes', 'no-bom']) {
    const trained = await neomesh(`tokenizer train utf16-text/${name}.txt -n 300 -o ${name}.json`)
    assert.equal(trained.code, 0, trained.stderr)
    assert.equal(
      (await loadTokenizer(`${name}.json`)).parts.vocabulary.some((token) => token.includes('\0')),
      false,
    )
    const prepared = await neomesh(`data prepare utf16-text/${name}.txt -t t.json -c 16 -o ${name}`)
    assert.equal(prepared.code, 0, prepared.stderr)
    assert.doesNotMatch(prepared.stderr, /replaced/)
    const text = readFileSync(`utf16-text/${name}.txt`).toString('utf16le').replace('\ufeff', '')
    const made = await preparedText(name)
    assert.ok(made.startsWith(text.slice(0, 60)), made.slice(0, 80))
  }
})

test('.jsonl with its text under another key', async () => {
  const refused = await neomesh('tokenizer train jsonl-other-key/d.jsonl -n 300 -o j.json')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /d\.jsonl:1: the line must have the key "text" \(got .*"body".*\)\. Name .* --text-key/)
  const trained = await neomesh('tokenizer train jsonl-other-key/d.jsonl -n 300 -o j.json --text-key body')
  assert.equal(trained.code, 0, trained.stderr)
  const prepared = await neomesh('data prepare jsonl-other-key/d.jsonl -t j.json -c 16 -o j --text-key body')
  assert.equal(prepared.code, 0, prepared.stderr)
})

test('bad lines are skipped on request, counted and listed', async () => {
  const lines = Array.from({ length: 30 }, (_, i) =>
    i % 2 ? '{"broken"' : JSON.stringify({ text: someText(2, i + 1) }),
  )
  writeFileSync('bad.jsonl', lines.join('\n'))
  for (const command of [
    'data prepare bad.jsonl -t t.json -c 16 -o bad',
    'tokenizer train bad.jsonl -n 300 -o bad.json',
  ]) {
    const refused = await neomesh(command)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /bad\.jsonl:2, column/)
    const skipped = await neomesh(`${command} --skip-bad-lines`)
    assert.equal(skipped.code, 0, skipped.stderr)
    assert.match(
      skipped.stderr,
      /skipped: 15 bad lines of JSON, of which the first 10:\n {2}bad\.jsonl:2, column \d+: not valid/,
    )
    assert.equal(skipped.stderr.match(/^ {2}bad\.jsonl:\d+/gm)?.length, 10)
  }
})

test('.jsonl.zst with a window of 2 GiB', async () => {
  const prepared = await neomesh('data prepare zst-long31/d.jsonl.zst -t t.json -c 16 -o z')
  assert.equal(prepared.code, 0, prepared.stderr)
  const trained = await neomesh('tokenizer train zst-long31/d.jsonl.zst -n 300 -o z.json')
  assert.equal(trained.code, 0, trained.stderr)
})

test('TFRecords with other numbers in their names, and with longer records, train', async () => {
  for (const [folder, data] of [
    ['tfrecord-names', 'names.json'],
    ['tfrecord-longer', 'longer.json'],
  ]) {
    const trained = await neomesh(`train ${folder}/m.json --data ${folder}/${data} --run run-${folder} --engine host`)
    assert.equal(trained.code, 0, trained.stderr)
  }
})
