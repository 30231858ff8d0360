/**
 * Commands killed at random moments: nothing of them is left, the next command resumes, and a run ends as if it had never
 * been killed. NEOMESH_KILLS sets the number of kills of each command. About two minutes on a free machine.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { installKernel } from '../../src/setup/index.js'
import { python, root } from '../kernels/client.js'
import { assertSameRuns } from '../train/support.js'
import { newMark } from './marked.js'
import { launcher, runThere } from './run-here.js'
import { makeWorld, someText, TINY } from './world.js'

const asked = process.env.NEOMESH_KILLS
const kills = Number(asked ?? 3)
/** SIGKILLs of one training run. */
const resumes = Number(asked ?? 10)
const skip = process.platform !== 'linux' && 'processes are looked up in /proc'
/** The time in which everything must have ended, in ms. */
const WITHIN = 2000
/** Steps of the killed run for each kill: more than pass between two of them. */
const STEPS_PER_KILL = 100

const world = mkdtempSync(join(tmpdir(), 'neomesh-kills-'))
const at = (...path: string[]) => join(world, ...path)
const env = {
  NEOMESH_CACHE: at('cache'),
  JUPYTER_PATH: at('prefix/share/jupyter'),
  NEOMESH_PARAM_folder: at('notebooks'),
}

before(async () => {
  await makeWorld(world, { train_steps: 100_000, steps_per_checkpoint: 20 })
  const model = JSON.parse(readFileSync(at('model.json'), 'utf8')) as Record<string, unknown>
  const train_steps = STEPS_PER_KILL * (resumes + 1)
  writeFileSync(at('killed.json'), JSON.stringify({ ...model, train_steps, steps_per_checkpoint: 10 }))
  writeFileSync(at('short.json'), JSON.stringify({ ...model, train_steps: 60 }))
  const base = { ...TINY, n_layer: 1, attention_types: [[['global'], 1]], steps_per_checkpoint: 10, eval_steps: 1 }
  const variants = { global: {}, none: { attention_types: [[['none'], 1]] } }
  writeFileSync(
    at('kinds.json'),
    JSON.stringify({ base, data: 'data', variants, seeds: [1], steps: 200, evaluate_every: 100 }),
  )
  writeFileSync(at('book.txt'), someText(1000))
  makeShortDemo()
  if (existsSync(python)) await installKernel({ project: root, prefix: at('prefix') })
})
after(() => rmSync(world, { recursive: true, force: true }))

/** A copy of the package whose demo trains for a few steps. */
function makeShortDemo(): void {
  for (const part of ['bin', 'configs', 'package.json', 'dist/src'])
    cpSync(join(root, part), at('package', part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), at('package/node_modules'))
  const path = at('package/configs/models/demo-small.json')
  const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  const small = { n_ctx: 32, n_embd: 16, n_head: 2, train_steps: 40, steps_per_checkpoint: 10, eval_steps: 1 }
  writeFileSync(path, JSON.stringify({ ...config, ...small }))
}

interface Command {
  readonly args: readonly string[]
  readonly launcher?: string
}

const train = (config: string, run: string) => ['train', config, '--data', 'data', '--run', run]
const commands: Readonly<Record<string, Command>> = {
  train: { args: train('short.json', 'short') },
  ablate: { args: ['ablate', 'kinds.json', '--out', 'kinds'] },
  plan: { args: ['plan', 'model.json', '--device', 'cpu', '--mesh', 'x:2', '--layout', 'batch:x'] },
  demo: {
    args: ['demo', '--text', 'book.txt', '--out', 'demo', '--engine', 'host'],
    launcher: at('package/bin/neomesh.mjs'),
  },
}

let state = 12345
const random = () => (state = (state * 48271) % 2147483647) / 2147483647

/** Starts a command, sends it a signal at a random moment within so many ms, and returns its exit status. */
async function ended(child: ChildProcess, signal: NodeJS.Signals, within: number): Promise<number> {
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  await Promise.race([setTimeout(random() * within), exit])
  child.kill(signal)
  const [code, by] = await exit
  return by === null ? code! : 128 + constants.signals[by]
}

async function signalled(signal: NodeJS.Signals, within: number, program: string, args: readonly string[]) {
  const mark = newMark()
  const child = spawn(program, args, { cwd: world, stdio: 'ignore', env: { ...process.env, ...env, ...mark.env } })
  const status = await ended(child, signal, within)
  assert.deepEqual(await mark.left(WITHIN), [])
  return status
}

for (const [name, { args, launcher: file = launcher }] of Object.entries(commands)) {
  test(`${name}: killed, nothing is left, and the next command comes to its end`, { skip }, async () => {
    const began = performance.now()
    for (let i = 0; i < kills; i++) await signalled('SIGKILL', 3000, process.execPath, [file, ...args])
    const { code, stderr } = await runThere(args, { cwd: world, env, launcher: file })
    assert.equal(code, 0, stderr)
    console.log(`${name}: ${kills} kills and an end in ${Math.round(performance.now() - began)} ms`)
  })

  test(`${name}: signals at random moments have their statuses`, { skip }, async () => {
    const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
    const fresh = args.map((word) =>
      ['short', 'kinds', 'demo'].includes(word) && word !== args[0] ? `${word}-2` : word,
    )
    const endless = fresh.map((word) => (word === 'short.json' ? 'model.json' : word))
    for (const [signal, status] of Object.entries(statuses) as [keyof typeof statuses, number][])
      assert.equal(await signalled(signal, 1000, process.execPath, [file, ...endless]), status)
  })
}

test('a run whose trainer was killed again and again ends bitwise equal to one that was not', { skip }, async () => {
  const resumed: number[] = []
  for (let i = 0; i < resumes; i++) {
    const mark = newMark()
    let due = false
    const { signal, stderr } = await runThere(train('killed.json', 'killed'), {
      cwd: world,
      env: { ...env, ...mark.env },
      onText(text, kill) {
        if (due || !text.includes('saved')) return
        due = true
        void setTimeout(random() * 40).then(() => kill('SIGKILL', false))
      },
    })
    assert.equal(signal, 'SIGKILL', stderr)
    assert.deepEqual(await mark.left(WITHIN), [])
    const from = /(?:going on|resuming|resumed) after step (\d+)/.exec(stderr)
    if (i > 0) assert.ok(from, stderr)
    resumed.push(Number(from?.[1] ?? 0))
  }
  for (const run of ['killed', 'whole']) {
    const { code, stderr } = await runThere(train('killed.json', run), { cwd: world, env })
    assert.equal(code, 0, stderr)
  }
  await assertSameRuns(at('whole'), at('killed'))
  assert.ok(resumed.every((step, i) => i === 0 || step > resumed[i - 1]))
  console.log(
    `${resumes} kills of a run of ${STEPS_PER_KILL * (resumes + 1)} steps, the last after step ${resumed.at(-1)}`,
  )
})

test('notebooks: the runner killed, no kernel is left', { skip: skip || !existsSync(python) }, async () => {
  const runner = [join(root, 'kernels/run_notebooks.py'), '-p', 'vocabSize=512', '-p', 'texts=60', '01_tokenizer']
  for (let i = 0; i < kills; i++) await signalled('SIGKILL', 4000, python, runner)
})
