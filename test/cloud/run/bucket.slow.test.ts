/** A run in a bucket: its lock, Ctrl-C, and a terminal that is lost. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { startStorage } from '../../files/google-storage/server.js'
import { lastVariables, trainingWorld } from '../training.js'

const storage = await startStorage('bucket')

test('a lock of a lost VM is waited for; SIGTERM leaves the TPU, Ctrl-C saves and deletes; the end is that of a quiet run', async (t) => {
  const world = await trainingWorld(t, { train_steps: 300, steps_per_checkpoint: 25 }, {}, 'bucket')
  const { cloud, neomesh, train, folder } = world
  for (const name of readdirSync(join(folder, 'data'), { recursive: true }) as string[])
    if (/\.\w+$/.test(name)) storage.put('bucket', `data/${name}`, readFileSync(join(folder, 'data', name)))

  storage.put('bucket', 'run/.lock', '17 elsewhere\n')
  let detached = false
  const left = await neomesh(train, {
    onText(text, kill) {
      if (/is locked by process 17 on elsewhere.*; trying again in 1 s/.test(text)) storage.ahead = 100_000
      if (detached || !/^saved /m.test(text)) return
      detached = true
      kill('SIGTERM', false)
    },
  })
  assert.equal(left.code, 143, left.stderr)
  assert.match(left.stderr, /detached; training continues\. To follow it: neomesh tpu attach tiny/)
  assert.equal(cloud.ours().length, 2)
  const other = await neomesh(['tpu', 'attach', 'nobody'])
  assert.match(other.stderr, /^neomesh: the run "nobody" must have a state file/)

  let interrupted = false
  const stopped = await neomesh(['tpu', 'attach'], {
    onText(text, kill) {
      if (interrupted || !/^saved .*step-0*(5|7)/m.test(text)) return
      interrupted = true
      kill('SIGINT', false)
    },
  })
  assert.deepEqual(cloud.ours(), [])
  if (stopped.code === 130) {
    assert.match(
      stopped.stderr,
      /interrupted: saving, then deleting the TPU[^]*stopped\. To resume from the last checkpoint, [^\n]*\n$/,
    )
    const again = await neomesh([...train, '--keep'])
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stderr, /resuming after step \d+ of 300/)
    assert.match(again.stderr, /"tiny-1" in us-west4-a is kept, and costs money until its time limit\. Delete it/)
    assert.equal(cloud.ours().length, 2)
    const refused = await neomesh(train)
    assert.match(refused.stderr, /^neomesh: gs:\/\/bucket\/run is trained by the run "tiny", which is not finished/m)
    const deleted = await neomesh(['tpu', 'delete', 'tiny'])
    assert.equal(deleted.stdout, 'deleted 1 resource; nothing of tiny is left\n')
  } else assert.equal(stopped.code, 0, stopped.stderr) // it had been trained before the signal

  const copy = join(folder, 'from-the-bucket')
  for (const name of storage.names('bucket').filter((each) => each.startsWith('run/checkpoints/'))) {
    const path = join(copy, name.slice('run/'.length))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, storage.get('bucket', name))
  }
  assert.deepEqual(lastVariables(copy), lastVariables(await world.uninterrupted()))
})
