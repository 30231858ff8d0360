/** A run of real processes: stopped, killed, and resumed by another number of them, it ends as a run of one process. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkpointSteps, findCheckpoint, openCheckpoint } from '../../src/checkpoint/index.js'
import { PARENT } from '../../src/files/index.js'
import { readMetrics } from '../../src/train/index.js'
import { makeWorld } from '../cli/world.js'
import { withoutTimes } from './support.js'

const program = fileURLToPath(new URL('host.js', import.meta.url))
const world = mkdtempSync(join(tmpdir(), 'neomesh-hosts-'))
before(() => makeWorld(world))
after(() => rmSync(world, { recursive: true, force: true }))

/** Starts the processes; `onCheckpoint` is called when the first one has committed one. */
async function start(run: string, count: number, steps: number, onCheckpoint?: (children: ChildProcess[]) => void) {
  const env = { ...process.env, [PARENT]: String(process.pid), NEOMESH_CACHE: join(world, 'cache') }
  let called = false
  const texts = Array<string>(count).fill('')
  const children = Array.from({ length: count }, (_, index) => {
    const args = [program, world, join(world, run), ...[index, count, steps].map(String)]
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.on('data', (text) => {
      texts[index] += text
      if (called || !texts[0].includes('checkpoint')) return
      called = true
      onCheckpoint?.(children)
    })
    return child
  })
  const codes = await Promise.all(
    children.map((child) => new Promise<number | null>((resolve) => child.on('close', resolve))),
  )
  return { codes, texts }
}

const endOf = (text: string) => Number(/end (\d+)\n$/.exec(text)?.[1])

test('2 processes stopped by one, 4 of which one is killed, then 1 and 3: the numbers of one process', async () => {
  const steps = 1000
  const stopped = await start('run', 2, steps, ([, child]) => child.kill('SIGTERM'))
  assert.deepEqual(stopped.codes, [0, 0], stopped.texts.join())
  const ended = stopped.texts.map(endOf)
  assert.ok(ended[0] === ended[1] && ended[0] < steps, stopped.texts.join())
  assert.equal((await checkpointSteps(join(world, 'run'))).at(-1), ended[0])

  const killed = await start('run', 4, steps, ([, , child]) => child.kill('SIGKILL'))
  assert.deepEqual(killed.codes, [1, 1, null, 1], killed.texts.join())
  for (const index of [0, 1, 3]) assert.match(killed.texts[index], /HostError: process [02] of .*\n$/)
  const last = (await checkpointSteps(join(world, 'run'))).at(-1)!
  assert.ok(last > ended[0] && last < steps)

  const rest = await start('run', 3, last + 40)
  assert.deepEqual(rest.codes, [0, 0, 0], rest.texts.join())
  const whole = await start('whole', 1, last + 40)
  assert.deepEqual(whole.codes, [0])
  const [a, b] = await Promise.all(
    ['run', 'whole'].map(async (run) => openCheckpoint(await findCheckpoint(join(world, run)))),
  )
  assert.deepEqual([a.manifest.format, b.manifest.format], ['neomesh checkpoint 2', 'neomesh checkpoint 1'])
  for (const [name, { shape }] of Object.entries(b.manifest.variables))
    assert.deepEqual(await a.read(name, shape), await b.read(name, shape), name)
  await Promise.all([a.close(), b.close()])
  const metrics = async (run: string) =>
    (await readMetrics(join(world, run, 'metrics.jsonl'))).filter((line) => line.loss !== undefined).map(withoutTimes)
  assert.deepEqual(await metrics('run'), await metrics('whole'))
  const hidden = ['run', 'run/checkpoints'].flatMap((path) =>
    readdirSync(join(world, path)).filter((name) => /^\./.test(name)),
  )
  assert.deepEqual(hidden, [])
})
