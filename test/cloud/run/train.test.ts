/** `neomesh tpu train` from nothing to trained and gone, on the stand-in, with a training that is real. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastVariables, trainingWorld } from '../training.js'

test('trains on a TPU that is created, set up and deleted, with the variables of a training here', async (t) => {
  const { neomesh, train, run, uninterrupted, cloud } = await trainingWorld(t, {
    train_steps: 6,
    steps_per_checkpoint: 3,
  })
  const { code, stdout, stderr } = await neomesh(train)
  assert.equal(
    code,
    0,
    stderr + cloud.calls.slice(-12).join('\n') + [...cloud.nodes.keys(), ...cloud.queued.keys()].join(),
  )
  assert.match(stdout, new RegExp(`^${run}\ncost: at most 0\\.\\d\\d USD\n$`))
  for (const words of [
    /price: about 12\.48 USD per hour on demand/,
    /creating v5litepod-8 "tiny-1" in us-west4-a/,
    /copying neomesh/,
    /training started on 1 worker/,
    /nothing with the label tiny is left/,
  ])
    assert.match(stderr, words)
  assert.deepEqual(lastVariables(run), lastVariables(await uninterrupted()))
  assert.equal(cloud.calls.filter((call) => call.startsWith('CreateQueuedResource')).length, 1)
})
