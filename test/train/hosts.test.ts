/** Processes of one run: all stop after the same step, and none outlives another for long. One process acts as several. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { HostError } from '../../src/train/index.js'
import { Hosts } from '../../src/train/hosts.js'
import { temporaryFolder } from '../files/temporary-folder.js'

const times = { heartbeat: 20, expiry: 3000, join: 20_000 }

const start = (run: string, count: number, signals: (AbortSignal | undefined)[] = []) =>
  Promise.all(Array.from({ length: count }, (_, index) => Hosts.join(run, { index, count }, times, signals[index])))

/** Makes steps, each in some time, until it may make no more; gives the last one. */
async function steps(hosts: Hosts, most: number, ms: number): Promise<number> {
  for (let step = 0; ; step++) {
    if (step >= most || !(await hosts.continues(step))) return step
    await setTimeout(Math.random() * ms)
  }
}

test('processes that stop: all after the same step, whoever is asked to', async (t) => {
  for (const asked of [0, 2]) {
    const run = temporaryFolder(t)
    const controller = new AbortController()
    const signals = [0, 1, 2].map((index) => (index === asked ? controller.signal : undefined))
    const group = await start(run, 3, signals)
    assert.equal(new Set(group.map((hosts) => hosts.attempt)).size, 1)
    void setTimeout(150).then(() => controller.abort())
    const ended = await Promise.all(group.map((hosts, index) => steps(hosts, 100_000, index)))
    assert.equal(new Set(ended).size, 1, ended.join())
    assert.ok(ended[0] > 0 && ended[0] < 100_000)
    await Promise.all(group.map((hosts) => hosts.leave()))
    assert.deepEqual(readdirSync(run), [])
  }
})

test('files of processes that are gone do not count: those of this start meet each other', async (t) => {
  const run = temporaryFolder(t)
  const gone = await start(run, 2)
  const [first] = gone
  // As killed: they write no more heartbeats over the files of the next ones, and leave their own behind.
  for (const hosts of gone) {
    Object.assign(hosts, { running: false })
    await (hosts as unknown as { monitoring: Promise<void> }).monitoring
  }
  const stale = join(run, '.hosts/process-00001.json')
  assert.ok(existsSync(stale))
  const [again, other] = await start(run, 2)
  assert.notEqual(again.attempt, first.attempt)
  assert.equal(other.attempt, again.attempt)
  await Promise.all([again, other].map((hosts) => hosts.leave()))
})

test('a process that dies, fails or does not come ends the others within bounded time, in one line', async (t) => {
  const [leader, follower, dying] = await start(temporaryFolder(t), 3)
  // It sends no more heartbeats, and says nothing.
  Object.assign(dying, { running: false })
  const error = await leader.race(new Promise<never>(() => {})).catch((cause: unknown) => cause)
  assert.ok(error instanceof HostError)
  assert.match(
    error.message,
    /^process 2 of 3 must send a heartbeat within 3 seconds \(it did not: it died, or its host did\)\. Start all/,
  )
  await leader.leave(error)
  const second = await follower.race(new Promise<never>(() => {})).catch((cause: unknown) => cause)
  assert.match((second as Error).message, /^process 0 of the run ended: process 2 of 3 must send a heartbeat/)
  assert.throws(() => follower.check(), HostError)
  await follower.leave(second)

  const [one, two] = await start(temporaryFolder(t), 2)
  await two.leave(new Error('cannot write x: the disk is full'))
  await assert.rejects(one.race(new Promise<never>(() => {})), {
    name: 'HostError',
    message: 'process 1 of the run ended: cannot write x: the disk is full',
  })
  await one.leave(new Error('x'))

  const run = temporaryFolder(t)
  for (const index of [0, 1])
    await assert.rejects(Hosts.join(run, { index, count: 3 }, { ...times, join: 60 }), {
      name: 'HostError',
      message:
        /^process \d.* must join the run .* within 0 seconds \(it did not\)\. Start the same command on all hosts/,
    })
  writeFileSync(join(run, 'note.txt'), '')
})
