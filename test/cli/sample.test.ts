import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadTokenizer } from '../../src/tokenizer/index.js'
import { runHere, withoutNews } from './run-here.js'
import { makeWorld } from './world.js'

const world = mkdtempSync(join(tmpdir(), 'neomesh-sample-'))
before(async () => {
  process.env.NEOMESH_CACHE = join(world, 'cache')
  // One byte a token, so that characters of several bytes are cut between tokens.
  await makeWorld(world, { train_steps: 120, lr: 0.01 }, 257)
  const at = (path: string) => join(world, path)
  const { code, stderr } = await runHere(['train', at('model.json'), '--data', at('data'), '--run', at('run')])
  assert.equal(code, 0, stderr)
})
after(() => rmSync(world, { recursive: true, force: true }))

async function sample(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runHere(['sample', join(world, 'run'), ...args])
  assert.deepEqual([code, withoutNews(stderr)], [0, ''])
  return stdout
}

test('prompt and continuation, equal for equal seeds; --count gives the next seeds', async () => {
  const one = await sample('--prompt', 'the un', '--seed', '5')
  assert.match(one, /^the un.*\n$/s)
  assert.equal(await sample('--prompt', 'the un', '--seed', '5'), one)
  const three = await sample('--prompt', 'the un', '--seed', '5', '--count', '3')
  const six = await sample('--prompt', 'the un', '--seed', '6')
  assert.ok(three.startsWith(`${one}\n${six}\n`), three)
})

test('an empty prompt begins a document', async () => {
  const text = await sample('--temperature', '0')
  assert.ok(text.length > 1 && !text.includes('<|endoftext|>'), text)
})

test('characters of several tokens come whole, and what is never finished becomes U+FFFD', async () => {
  const tokenizer = await loadTokenizer(join(world, 'tokenizer.json'))
  assert.equal(tokenizer.encode('日').length, 3)
  const text = await sample('--prompt', '日本', '--max-tokens', '4', '--temperature', '0')
  assert.match(text, /^日本/)
  // Stopped after each number of bytes, the text is the beginning of the longer one but for its last character.
  const texts = []
  for (let n = 1; n <= 6; n++) texts.push(await sample('--prompt', '日', '--max-tokens', `${n}`, '--temperature', '0'))
  for (const [i, shorter] of texts.slice(0, -1).entries()) {
    const whole = shorter.trimEnd().replace(/\uFFFD+$/, '')
    assert.ok(texts[i + 1].startsWith(whole), JSON.stringify(texts))
  }
})

test("a checkpoint itself can be sampled from; another tokenizer than the data's is told of", async () => {
  const checkpoint = await runHere(['sample', join(world, 'run/checkpoints/step-00000120'), '--prompt', 'the'])
  assert.deepEqual([checkpoint.code, withoutNews(checkpoint.stderr)], [0, ''])
  assert.match(checkpoint.stdout, /^the/)
  const other = join(world, 'other.json')
  writeFileSync(other, `${readFileSync(join(world, 'tokenizer.json'), 'utf8')}\n`)
  const { code, stderr } = await runHere(['sample', join(world, 'run'), '--tokenizer', other])
  assert.equal(code, 0)
  const note = `neomesh: note: ${other} is not the tokenizer that the model's data was prepared with\n`
  assert.equal(withoutNews(stderr), note)
})
