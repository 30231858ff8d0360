/** Everything that goes wrong on the way, in one run; and the controller killed anywhere. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SECRET } from '../../src/cloud/stand-in/metadata.js'
import { lastVariables, trainingWorld } from './training.js'

const LONG = { train_steps: 600, steps_per_checkpoint: 20 }

test('a stock-out, a failed creation, two preemptions, a dead worker and a sleep: the checkpoint is that of a quiet run', async (t) => {
  const world = await trainingWorld(t, LONG, { creations: ['stockout', 'failed'], sshDelay: 200 })
  const { cloud, neomesh, train, run, steps } = world
  let kill: (signal: NodeJS.Signals) => void = () => {}
  let ended = false
  const done: string[] = []
  const reach = async (step: number) => {
    while (!ended && (steps().at(-1) ?? 0) < step) await sleep(20)
  }
  const accidents = async () => {
    await reach(20)
    assert.equal(cloud.preempt().length, 1)
    done.push('preempted')
    await reach(100)
    for (const address of cloud.addresses())
      if (cloud.workers.kill(address, /neomesh\.mjs train/) > 0) done.push('killed')
    await reach(180)
    // Some nodes are gone although the service calls them ready.
    cloud.script.hidesPreemption = true
    assert.equal(cloud.preempt().length, 1)
    done.push('preempted')
    await reach(260)
    kill('SIGSTOP')
    await sleep(5000)
    kill('SIGCONT')
    done.push('slept')
  }
  const running = neomesh(train, { onStart: (send) => (kill = send) })
  const [{ code, stdout, stderr }] = await Promise.all([running.finally(() => (ended = true)), accidents()])
  assert.equal(code, 0, stderr)
  assert.deepEqual(done, ['preempted', 'killed', 'preempted', 'slept'])
  assert.match(stderr, /us-west4-a: .* no free capacity/)
  assert.match(stderr, /us-central1-a: .* the creation failed/)
  assert.match(stderr, /tiny-3 is lost: "tiny-3" in us-south1-a was (taken back|preempted)/)
  assert.match(stderr, /tiny-4 is lost: worker 0 .* cannot be reached with ssh/)
  assert.match(stderr, /training on worker 0 (ended without a status|failed with status 137).*; starting it again/)
  assert.match(stderr, /nothing with the label tiny is left/)
  assert.deepEqual(cloud.ours(), [])
  assert.deepEqual(lastVariables(run), lastVariables(await world.uninterrupted()))
  assert.ok(!(stdout + stderr + world.stateText()).includes(SECRET))
})

test('the controller killed at random moments: attach finishes the run, or delete finds everything', async (t) => {
  const wanted = Number(process.env.NEOMESH_KILLS ?? 4)
  const world = await trainingWorld(t, { train_steps: 200, steps_per_checkpoint: 20 })
  const { cloud, neomesh } = world
  let kills = 0
  const outcomes: string[] = []
  for (let round = 1; kills < wanted; round++) {
    const name = `round-${round}`
    const first = world.trainAs(name)
    let command = first
    for (;;) {
      const after = kills < wanted ? 100 + Math.random() ** 2 * 12_000 : null
      let timer: NodeJS.Timeout | undefined
      const ended = await neomesh(command, {
        onStart: (kill) => void (after !== null && (timer = setTimeout(() => kill('SIGKILL'), after))),
      })
      clearTimeout(timer)
      if (ended.signal === null) {
        assert.equal(ended.code, 0, `${command.join(' ')}: ${ended.stderr}`)
        outcomes.push('trained')
        break
      }
      kills++
      const isBegun = world.stateText(name) !== ''
      if (!isBegun) assert.deepEqual(cloud.ours(), [])
      if (isBegun && kills % 4 === 0) {
        const deleted = await neomesh(['tpu', 'delete', name])
        assert.equal(deleted.code, 0, deleted.stderr)
        outcomes.push('deleted')
        break
      }
      command = isBegun ? ['tpu', 'attach', name] : first
    }
    assert.deepEqual(cloud.ours(), [])
    const listed = await neomesh(['tpu', 'list', '--mine', '--json'])
    assert.deepEqual(JSON.parse(listed.stdout), [])
  }
  t.diagnostic(`${kills} kills: ${outcomes.join(', ')}`)
})

test('the limit of cost ends training, and deletes; so does an error of the config on the worker, at once', async (t) => {
  const world = await trainingWorld(t, { train_steps: 1_000_000, steps_per_checkpoint: 500_000 })
  const limited = await world.neomesh([...world.train, '--max-cost', '0.05'])
  assert.equal(limited.code, 1)
  assert.match(
    limited.stderr,
    /^neomesh: training must cost at most 0\.05 USD \(it has cost 0\.0\d\)\. The checkpoints are in /m,
  )
  assert.deepEqual(world.cloud.ours(), [])
  rmSync(join(world.folder, 'data', 'dataset.json'))
  const failed = await world.neomesh([...world.train])
  assert.equal(failed.code, 1)
  assert.match(
    failed.stderr,
    /^neomesh: training on worker 0 failed with status 1: neomesh: .*dataset\.json.*\. Correct the cause, then run the command again to resume$/m,
  )
  assert.equal(failed.stderr.match(/training started/g)?.length, 1)
  assert.deepEqual(world.cloud.ours(), [])
})
