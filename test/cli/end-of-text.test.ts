/** A data set's own end-of-text token is the run's: in samples, exports and imports. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runHere, withoutNews } from './run-here.js'

const given = fileURLToPath(new URL('../../../test/fixtures/cases/own-eos-token/', import.meta.url))
const world = mkdtempSync(join(tmpdir(), 'neomesh-end-of-text-'))
const at = (path: string) => join(world, path)
after(() => rmSync(world, { recursive: true, force: true }))

async function neomesh(...args: string[]) {
  const { code, stdout, stderr } = await runHere(args, { NEOMESH_CACHE: at('cache') })
  assert.equal(code, 0, stderr)
  return { stdout, stderr: withoutNews(stderr) }
}
const json = (path: string) => JSON.parse(readFileSync(at(path), 'utf8')) as Record<string, unknown>

before(async () => {
  const text = join(given, 'd.jsonl')
  await neomesh('tokenizer', 'train', text, '-n', '290', '--special-token', '</s>', '-o', at('tok.json'))
  await neomesh('data', 'prepare', text, '-t', at('tok.json'), '-c', '16', '--eos', '</s>', '-o', at('data'))
  await neomesh('train', join(given, 'm.json'), '-d', at('data'), '-r', at('run'))
})

test('sampling stops at it, and prints none', async () => {
  const { stdout } = await neomesh('sample', at('run'), '-p', 'yes', '-n', '12', '-t', '0')
  assert.equal(stdout, 'yes it is.\n')
})

test('an empty prompt begins after it', async () => {
  const { stdout } = await neomesh('sample', at('run'), '-t', '0', '-n', '12')
  const lines = readFileSync(join(given, 'd.jsonl'), 'utf8').trim().split('\n')
  assert.ok(
    lines.some((line) => (JSON.parse(line) as { text: string }).text === stdout.trim()),
    stdout,
  )
})

test('an export names it, and it comes back with an import; the folder itself can be sampled from', async () => {
  await neomesh('export', 'hf', at('run'), '--out', at('hf'))
  const { eos_id: eos } = json('run/config.json')
  const { bos_token, eos_token, unk_token } = json('hf/tokenizer_config.json')
  assert.deepEqual([bos_token, eos_token, unk_token], ['</s>', '</s>', '</s>'])
  const { bos_token_id, eos_token_id } = json('hf/config.json')
  assert.deepEqual([bos_token_id, eos_token_id], [eos, eos])
  const wanted = await neomesh('sample', at('run'), '-p', 'yes', '-n', '12', '-t', '0')
  assert.deepEqual(await neomesh('sample', at('hf'), '-p', 'yes', '-n', '12', '-t', '0'), wanted)
  await neomesh('import', 'hf', at('hf'), '--out', at('back'))
  assert.deepEqual(await neomesh('sample', at('back'), '-p', 'yes', '-n', '12', '-t', '0'), wanted)
})

test('a stop text ends a sample, and is not printed', async () => {
  const { stdout } = await neomesh(
    'sample',
    at('run'),
    '-p',
    'yes',
    '-n',
    '12',
    '-t',
    '0',
    '--stop',
    'zz',
    '--stop',
    't is',
  )
  assert.equal(stdout, 'yes i\n')
})

test('a prompt longer than the context keeps its end, with a note', async () => {
  const long = 'maybe so. '.repeat(30)
  const { stdout, stderr } = await neomesh('sample', at('run'), '-p', `${long}yes`, '-n', '6', '-t', '0')
  assert.ok(stdout.startsWith(`${long}yes`))
  assert.match(stderr, /^neomesh: note: the prompt has \d+ tokens, the context 16: the model sees the last 10\n$/)
})

test('a run resumes although its config has the token and that of the command has none', async () => {
  const { stderr } = await neomesh('train', join(given, 'm.json'), '-d', at('data'), '-r', at('run'), '--steps', '252')
  assert.match(stderr, /trained 252 steps/)
})
