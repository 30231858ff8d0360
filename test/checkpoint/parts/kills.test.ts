/**
 * Processes killed while they save by parts: the last committed checkpoint loads, and nothing partial is listed.
 * NEOMESH_KILLS sets the number of kills.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { checkpointFolder, checkpointSteps, findCheckpoint, openCheckpoint } from '../../../src/checkpoint/index.js'
import { PARENT } from '../../../src/files/index.js'
import { lockRun, openRun } from '../../../src/train/run-folder.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { startStorage } from '../../files/google-storage/server.js'
import { NAMES, numbersOf, saveStep, SHAPE } from './writer.js'

const storage = await startStorage('bucket')
const kills = Number(process.env.NEOMESH_KILLS ?? 2)
const program = fileURLToPath(new URL('writer.js', import.meta.url))

let state = Number(process.env.NEOMESH_SEED ?? 1)
const random = () => (state = (state * 48271) % 2147483647) / 2147483647

/** All checkpoints that are listed are whole. */
async function assertWhole(run: string): Promise<number[]> {
  const steps = await checkpointSteps(run)
  for (const step of steps) {
    const checkpoint = await openCheckpoint(checkpointFolder(run, step))
    assert.equal(checkpoint.manifest.step, step)
    for (const name of NAMES) assert.deepEqual(await checkpoint.read(name, SHAPE), numbersOf(name, step))
    await checkpoint.close()
  }
  return steps
}

for (const where of ['folder', 'bucket'])
  test(`in a ${where}: any process killed at any moment of a save`, async (t) => {
    const run = where === 'folder' ? join(temporaryFolder(t), 'run') : 'gs://bucket/run'
    let first = 1
    for (let kill = 0; kill < kills; kill++) {
      const count = [2, 4, 8][kill % 3]
      const attempt = randomBytes(6).toString('hex')
      const children: ChildProcess[] = Array.from({ length: count }, (_, index) =>
        spawn(process.execPath, [program, run, attempt, ...[index, count, first, first + 1000].map(String)], {
          stdio: ['pipe', 'ignore', 'inherit'],
          env: { ...process.env, [PARENT]: String(process.pid) },
        }),
      )
      // Until they save; then at a random moment.
      const before = (await checkpointSteps(run)).length
      while ((await checkpointSteps(run)).length === before) {
        assert.ok(
          children.every((child) => child.exitCode === null && child.signalCode === null),
          'a writer ended',
        )
        await setTimeout(5)
      }
      await setTimeout(random() * 150)
      const victim = children[Math.floor(random() * count)]
      const exits = children.map((child) => once(child, 'exit'))
      victim.kill('SIGKILL')
      await setTimeout(random() * 30)
      const midway = await checkpointSteps(run)
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(exits)
      const steps = await assertWhole(run)
      assert.ok(midway.every((step) => steps.includes(step)))
      assert.equal(await findCheckpoint(run), checkpointFolder(run, steps.at(-1)!))
      first = steps.at(-1)! + 1
    }
    // The next start sweeps what is left, and the next save succeeds with any number of processes.
    const lock = await lockRun(run)
    await openRun(run, (await openCheckpoint(await findCheckpoint(run))).config)
    const names =
      where === 'folder'
        ? readdirSync(join(run, 'checkpoints'))
        : storage.names('bucket').map((name) => name.split('/')[2])
    assert.deepEqual(
      names.filter((name) => name?.startsWith('.')),
      [],
    )
    await Promise.all([0, 1].map((index) => saveStep(run, first, 'abcdefabcdef', index, 2)))
    await lock.release()
    assert.equal((await assertWhole(run)).at(-1), first)
  })

test('a process that does not save its part: the others end at the deadline, and nothing is listed', async (t) => {
  const run = join(temporaryFolder(t), 'run')
  const { saveParts } = await import('../../../src/checkpoint/index.js')
  const { parseModelConfig } = await import('../../../src/config/index.js')
  const { TINY } = await import('../../cli/world.js')
  const { config } = parseModelConfig(TINY, 'test')
  const about = { step: 1, tokens: 1, config }
  const save = (index: number, checkOthers?: () => void) =>
    saveParts(checkpointFolder(run, 1), [], about, {
      process: { index, count: 3 },
      attempt: '0123456789ab',
      deadline: 50,
      checkOthers,
    })
  const results = await Promise.allSettled([save(0), save(1)])
  const messages = results.map((result) => (result as PromiseRejectedResult).reason.message as string)
  assert.match(
    messages[0],
    /^part 3 of 3 of .*step-00000001 must be there within 0 seconds \(it is not\)\. Check that all/,
  )
  assert.match(messages[1], /^the commit of .*step-00000001 by the first process must be there within 0 seconds/)
  const failing = () => {
    throw new Error('process 2 ended')
  }
  await assert.rejects(save(0, failing), /process 2 ended/)
  assert.deepEqual(await checkpointSteps(run), [])
})
