/**
 * 500 malformed inputs over all readers: each is either still sound, or refused in one clear line that names a file, in
 * bounded time and memory. Inputs follow from the seed.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { parseModelConfig } from '../../src/config/index.js'
import { encodeExample, frameRecord, prepareData } from '../../src/data/index.js'
import { writeFileAtomic } from '../../src/files/index.js'
import { loadTokenizer } from '../../src/tokenizer/index.js'
import { saveCheckpoint } from '../../src/train/index.js'
import { fixture } from '../model/goldens.js'
import { Chance, mutate, zstdOf } from './malformed-mutations.js'
import { readers, type Outcome } from './malformed-reader.js'
import { someText, TINY } from './world.js'

const seed = Number(process.env.MALFORMED_SEED ?? 20_261_130)
const count = Number(process.env.MALFORMED_COUNT ?? 500)
const mostSeconds = 5
/** Beside what the process has before it reads anything. */
const mostMebibytes = 200

const folder = mkdtempSync(join(tmpdir(), 'neomesh-malformed-'))
const [sound, inputs] = ['sound', 'inputs'].map((name) => join(folder, name))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A sound input of each kind, in a folder of its name. */
async function makeSound(): Promise<void> {
  const at = (...path: string[]) => join(sound, ...path)
  for (const name of Object.keys(readers)) mkdirSync(at(name), { recursive: true })
  const tiny = fixture('cases/hf-tied-as-lm-head')
  cpSync(join(tiny, 'model.safetensors'), at('safetensors', 'a.safetensors'))
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
    cpSync(join(tiny, name), at('hugging-face', name))
  for (const part of ['index', 'data-00000-of-00001'])
    cpSync(fixture(`convert/tensorflow/bf16.ckpt.${part}`), at('tensorflow', `m.ckpt.${part}`))
  cpSync(join(tiny, 'tokenizer.json'), at('tokenizer-json', 'tokenizer.json'))
  const { model } = JSON.parse(readFileSync(join(tiny, 'tokenizer.json'), 'utf8'))
  const pairs = (model.merges as (string | string[])[]).map((pair) =>
    typeof pair === 'string' ? pair : pair.join(' '),
  )
  writeFileSync(at('tokenizer-pair', 'vocab.json'), JSON.stringify(model.vocab))
  writeFileSync(at('tokenizer-pair', 'merges.txt'), `#version: 0.2\n${pairs.join('\n')}\n`)
  const record = (i: number) => frameRecord(encodeExample(Array.from({ length: 17 }, (_, j) => (7 * i + j) % 300)))
  writeFileSync(at('records', 'a_5.tfrecords'), Buffer.concat([0, 1, 2, 3, 4].map(record)))
  const tokenizer = await loadTokenizer(join(tiny, 'tokenizer.json'))
  writeFileSync(join(folder, 'texts.txt'), someText(40))
  const about = { vocabularySize: tokenizer.vocabSize, eosId: tokenizer.vocabSize - 1, contextLength: 16 }
  await prepareData({
    inputs: join(folder, 'texts.txt'),
    output: join(folder, 'prepared'),
    name: 'tiny',
    tokenizer,
    ...about,
  })
  const train = join(folder, 'prepared', 'train')
  for (const name of readdirSync(train)) cpSync(join(train, name), at('prepared', name))
  writeFileSync(at('prepared', 'dataset.json'), JSON.stringify({ path: '*.tfrecords', eval_path: '', n_vocab: 300 }))
  writeFileSync(at('config', 'model.json'), JSON.stringify(TINY))
  const lines = Buffer.from(
    someText(30)
      .split('\n')
      .map((text) => `${JSON.stringify({ text })}\n`)
      .join(''),
  )
  writeFileSync(at('text-gz', 'a.txt.gz'), gzipSync(someText(30)))
  writeFileSync(at('lines-gz', 'a.jsonl.gz'), gzipSync(lines))
  writeFileSync(at('lines-zst', 'a.jsonl.zst'), zstdOf(lines))
  writeFileSync(at('lines', 'a.jsonl'), lines)
  writeFileSync(at('text', 'a.txt'), someText(30))
  const variable = (name: string, shape: number[]) => ({
    name,
    shape,
    data: async () => new Float32Array(shape.reduce((a, b) => a * b, 1)),
  })
  rmSync(at('checkpoint'), { recursive: true })
  const { config } = parseModelConfig(TINY)
  await saveCheckpoint(at('checkpoint'), [variable('a', [3, 5]), variable('b', [4])], { step: 1, tokens: 32, config })
  await writeFileAtomic(at('metrics', 'metrics.jsonl'), '{"step":1,"loss":5.7}\n{"step":2,"loss":5.6}\n')
}

/** Copies of the sound inputs, with one file of each gone wrong. */
function makeInputs(): void {
  const chance = new Chance(seed)
  const names = Object.keys(readers)
  for (let i = 0; i < count; i++) {
    const name = names[i % names.length]
    const input = join(inputs, `${name}-${String(i).padStart(3, '0')}`)
    cpSync(join(sound, name), input, { recursive: true })
    const file = join(input, chance.of(readdirSync(input).sort()))
    writeFileSync(file, mutate(basename(file), readFileSync(file), chance))
  }
}

/** What a child process makes of every second input. Its last line tells which input ended it. */
async function outcomesOf(from: number, step: number, source = inputs): Promise<Outcome[]> {
  const program = fileURLToPath(new URL('malformed-reader.js', import.meta.url))
  const child = spawn(process.execPath, ['--max-old-space-size=400', program, source, String(from), String(step)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (piece) => (text += piece))
  const code = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)))
  const lines = text.trim().split('\n')
  assert.equal(code, 0, `ended by ${code} with ${lines.at(-1)}`)
  return lines.map((line) => JSON.parse(line)).filter((line) => 'reported' in line)
}

/** What is wrong with what was reported of an input. */
function complaints({ input, reported, seconds }: Outcome): string[] {
  const found: string[] = []
  const check = (wrong: boolean, what: string) => wrong && found.push(`${input}: ${what}: ${reported.slice(0, 300)}`)
  check(seconds > mostSeconds, `took ${seconds} s`)
  if (reported === '') return found
  const [first, ...more] = reported
    .replace(/^neomesh: /, '')
    .replace(/\n$/, '')
    .split('\n')
  // A list of problems has a line for each, further in.
  check(
    more.some((line) => !line.startsWith('  ')),
    'more than a line',
  )
  check(reported.includes('(unexpected;'), 'unexpected')
  check(!first.includes(input), 'names no file')
  check(/^\s+at .*:\d+:\d+\)?$/m.test(reported), 'has a stack')
  // eslint-disable-next-line no-control-regex
  check(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(reported), 'has control characters')
  check(
    reported.split('\n').some((line) => line.length > 1200),
    'is too long',
  )
  check(
    /RangeError|TypeError|undefined|\[object|Invalid array|Maximum call stack|Cannot read prop/.test(reported),
    'is internal',
  )
  return found
}

before(async () => {
  await makeSound()
  makeInputs()
})

test('the sound inputs are read', async () => {
  const all = join(folder, 'all')
  for (const name of Object.keys(readers)) cpSync(join(sound, name), join(all, `${name}-0`), { recursive: true })
  const outcomes = await outcomesOf(0, 1, all)
  assert.deepEqual(
    outcomes.filter(({ reported }) => reported !== ''),
    [],
  )
})

test(`${count} malformed inputs: one clear line each, at most ${mostMebibytes} MB and ${mostSeconds} s`, async () => {
  const outcomes = (await Promise.all([outcomesOf(0, 2), outcomesOf(1, 2)])).flat()
  assert.equal(outcomes.length, count)
  assert.deepEqual(outcomes.flatMap(complaints), [])
  const refused = outcomes.filter(({ reported }) => reported !== '').length
  assert.ok(refused > count / 2, `only ${refused} of ${count} were refused`)
  for (const half of [0, 1]) {
    const mine = outcomes.slice(half * (count / 2), (half + 1) * (count / 2))
    const grown = mine[mine.length - 1].mebibytes - mine[0].mebibytes
    const largest = mine.slice(1).map(({ input, mebibytes }, i) => [input, mebibytes - mine[i].mebibytes] as const)
    const worst = largest.reduce((a, b) => (b[1] > a[1] ? b : a))
    assert.ok(grown < mostMebibytes, `grew by ${grown.toFixed()} MiB, most with ${worst[0]}`)
  }
})
