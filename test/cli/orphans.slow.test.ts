/**
 * kill -9 of the process that was started, at random moments: nothing of it is left, and the next command resumes.
 * NEOMESH_KILLS sets the number of kills of each command.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { installKernel } from '../../src/setup/index.js'
import { python, root } from '../kernels/client.js'
import { assertSameRuns } from '../train/support.js'
import { newMark } from './marked.js'
import { launcher, runThere } from './run-here.js'
import { makeWorld, someText, TINY } from './world.js'

const kills = Number(process.env.NEOMESH_KILLS ?? 2)
const skip = process.platform !== 'linux' && 'processes are looked up in /proc'
/** The longest time before a kill, and that in which everything must have ended, in ms. */
const [LONGEST, WITHIN] = [4000, 20_000]
const world = mkdtempSync(join(tmpdir(), 'neomesh-kills-'))
const at = (path: string) => join(world, path)
const env = {
  NEOMESH_CACHE: at('cache'),
  JUPYTER_PATH: at('prefix/share/jupyter'),
  NEOMESH_PARAM_folder: at('notebooks'),
}
before(async () => {
  await makeWorld(world, { train_steps: 400, steps_per_checkpoint: 20 })
  const base = { ...TINY, n_layer: 1, attention_types: [[['global'], 1]], steps_per_checkpoint: 10, eval_steps: 1 }
  const variants = { global: {}, none: { attention_types: [[['none'], 1]] } }
  writeFileSync(
    at('kinds.json'),
    JSON.stringify({ base, data: 'data', variants, seeds: [1], steps: 200, evaluate_every: 100 }),
  )
  writeFileSync(at('book.txt'), someText(1000))
  if (existsSync(python)) await installKernel({ project: root, prefix: at('prefix') })
})
after(() => rmSync(world, { recursive: true, force: true }))

let state = 12345
const random = () => (state = (state * 48271) % 2147483647) / 2147483647

async function killed(program: string, args: readonly string[]): Promise<void> {
  const mark = newMark()
  const child = spawn(program, args, { cwd: world, stdio: 'ignore', env: { ...process.env, ...env, ...mark.env } })
  await Promise.race([setTimeout(random() * LONGEST), once(child, 'exit')])
  child.kill('SIGKILL')
  assert.deepEqual(await mark.left(WITHIN), [])
}

const train = ['train', 'model.json', '--data', 'data', '--run']
const commands = {
  train: [...train, 'run'],
  ablate: ['ablate', 'kinds.json', '--out', 'kinds'],
  plan: ['plan', 'model.json', '--device', 'cpu', '--mesh', 'x:2', '--layout', 'batch:x'],
}

for (const [name, args] of Object.entries(commands))
  test(`${name}: killed, nothing is left, and the next command comes to its end`, { skip }, async () => {
    for (let i = 0; i < kills; i++) await killed(process.execPath, [launcher, ...args])
    const { code, stderr } = await runThere(args, { cwd: world, env })
    assert.equal(code, 0, stderr)
    if (name !== 'train') return
    await runThere([...train, 'whole'], { cwd: world, env })
    await assertSameRuns(at('whole'), at('run'))
  })

test('demo: killed, nothing is left, and the next command resumes', { skip }, async () => {
  const demo = ['demo', '--text', 'book.txt', '--out', 'demo', '--engine', 'tfjs']
  for (let i = 0; i < kills; i++) await killed(process.execPath, [launcher, ...demo])
  let sent = false
  const { code, stderr } = await runThere(demo, {
    cwd: world,
    env,
    onText(said, kill) {
      if (sent || !said.includes('training step: traced')) return
      sent = true
      kill('SIGTERM', false)
    },
  })
  assert.equal(code, 143, stderr)
})

test('notebooks: the runner killed, no kernel is left', { skip: skip || !existsSync(python) }, async () => {
  const runner = [join(root, 'kernels/run_notebooks.py'), '-p', 'vocabSize=512', '-p', 'texts=60', '01_tokenizer']
  for (let i = 0; i < kills; i++) await killed(python, runner)
})
