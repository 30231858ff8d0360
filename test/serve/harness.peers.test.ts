/** lm-evaluation-harness and OpenAI's Python client against the real command; the harness also over transformers. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { someText } from '../cli/world.js'
import { runThere } from '../cli/run-here.js'
import { randomIntegers } from './malformed-requests.js'
import { startServe, type Served } from './world.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const python = join(root, '.venv-peers/bin/python')
const skip = existsSync(python) ? false : 'there is no .venv-peers with lm_eval in it'
const CONTEXT = 64

let world: string
let served: Served
/** A model that has learned something, exported to Hugging Face; the server loads that folder as well. */
before(async () => {
  if (skip) return
  world = mkdtempSync(join(tmpdir(), 'neomesh-harness-'))
  mkdirSync(join(world, 'texts'))
  for (let i = 0; i < 20; i++) writeFileSync(join(world, 'texts', `${i}.txt`), someText(40, i + 1))
  const config = {
    n_vocab: 300,
    n_ctx: CONTEXT,
    n_embd: 48,
    n_head: 4,
    n_layer: 4,
    attention_types: [[['global', 'local'], 2]],
    local_attention_radius: 16,
    lr: 0.003,
    warmup_steps: 10,
    train_steps: 150,
    train_batch_size: 8,
    precision: 'float32',
  }
  writeFileSync(join(world, 'model.json'), JSON.stringify(config))
  const options = { cwd: world }
  for (const command of [
    ['tokenizer', 'train', 'texts', '--vocab-size', '300', '--out', 'tokenizer.json'],
    ['data', 'prepare', 'texts', '--tokenizer', 'tokenizer.json', '--context', String(CONTEXT), '--out', 'data'],
    ['train', 'model.json', '--data', 'data', '--run', 'run'],
    ['export', 'hf', 'run', '--out', 'tiny'],
  ]) {
    const { code, stderr } = await runThere(command, options)
    assert.equal(code, 0, stderr)
  }
  mkdirSync(join(world, 'tasks'))
  for (const [name, items] of Object.entries(tasks()))
    writeFileSync(join(world, 'tasks', `${name}.jsonl`), items.map((item) => `${JSON.stringify(item)}\n`).join(''))
  served = await startServe(join(world, 'tiny'))
})
after(async () => {
  if (skip) return
  await served?.stop()
  rmSync(world, { recursive: true, force: true })
})

/** Items from text that the model has not seen. */
function tasks(): Record<string, object[]> {
  const lines = someText(400, 99).split('\n')
  const next = randomIntegers(5)
  const words = lines.map((line) => line.split(' '))
  const ending = (i: number) => words[i % words.length].slice(-2).join(' ')
  return {
    choices: lines.slice(0, 60).map((_, i) => {
      const answer = next(3)
      const choices = [ending(i + 1), ending(i + 2), ending(i + 3)]
      choices[answer] = ending(i)
      return { question: words[i].slice(0, -2).join(' '), choices, answer }
    }),
    words: words.slice(60, 120).map((line) => ({ text: line.slice(0, -1).join(' '), word: line.at(-1)! })),
    // Several windows each.
    documents: Array.from({ length: 6 }, (_, i) => ({ text: lines.slice(120 + 20 * i, 140 + 20 * i).join('\n') })),
    completions: words
      .slice(240, 270)
      .map((line) => ({ prompt: line.slice(0, 3).join(' '), answer: line.slice(3).join(' ') })),
  }
}

const call = promisify(execFile)
async function run(script: string, args: readonly string[]) {
  const file = join(root, 'test/reference', script)
  const { stdout } = await call(python, [file, ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

interface Task {
  readonly items: number
  readonly metrics: Record<string, [ours: number, theirs: number]>
  readonly largest?: number
  readonly different?: number
}

for (const [name, more] of [
  ['one request at a time', []],
  ['batches of 4', ['--batch', '4']],
  ['8 at a time', ['--concurrent', '8']],
] as const)
  test(`the harness gets from the server what it gets from transformers: ${name}`, { skip }, async (t) => {
    const folders = ['--model', join(world, 'tiny'), '--tasks', join(world, 'tasks')]
    const server = ['--name', 'tiny', '--url', served.url, '--context', String(CONTEXT)]
    const report = (await run('harness.py', [...folders, ...server, ...more])) as Record<string, Task>
    assert.deepEqual(Object.keys(report), ['choices', 'words', 'documents', 'completions'])
    for (const [task, { items, metrics, largest = 0, different = 0 }] of Object.entries(report)) {
      const figures = Object.entries(metrics).map(([metric, [ours]]) => `${metric} ${ours.toFixed(4)}`)
      t.diagnostic(`${task}: ${items} items, ${figures.join(', ')}; largest difference ${largest.toExponential(1)}`)
      assert.ok(largest < 1e-4, `${task}: log-likelihoods differ by ${largest}`)
      assert.equal(different, 0, `${task}: ${different} items differ`)
      for (const [metric, [ours, theirs]] of Object.entries(metrics)) {
        if (/acc|exact/.test(metric)) assert.equal(ours, theirs, `${task}: ${metric}`)
        else assert.ok(Math.abs(ours / theirs - 1) < 1e-5, `${task}: ${metric} is ${ours}, not ${theirs}`)
      }
    }
  })

test("OpenAI's Python client passes its calls", { skip }, async () => {
  await served.stop()
  writeFileSync(join(world, 'tiny/chat_template.jinja'), '{% for m in messages %}{{ m.content }}\n{% endfor %}')
  served = await startServe(join(world, 'tiny'))
  const said = await run('openai_client.py', [served.url, 'tiny'])
  assert.deepEqual(said.models, ['tiny'])
  assert.ok(said.whole.length > 10)
  assert.equal(said.streamed, said.whole)
  assert.deepEqual(said.asynchronous, Array(8).fill(said.whole))
  assert.equal(said.usage[0], said.usage[1])
  assert.equal(said.extra, 24)
  assert.deepEqual(
    [said.echo, said.greedy],
    [
      [4, 3],
      [true, true],
    ],
  )
  assert.equal(said.chat_streamed, said.chat)
  assert.equal(said.chat_tokens, 8)
  assert.deepEqual(said.errors, [
    [404, 'model_not_found', 'model'],
    [400, null, 'temperature'],
    [400, 'context_length_exceeded', 'max_tokens'],
  ])
})
