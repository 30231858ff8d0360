/** 200 clients of all kinds at the same time. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { checkMixedLoad } from './mixed-clients.js'
import { makeServeWorld, startServe, type Served, type World } from './world.js'

let world: World
let served: Served
before(async () => {
  world = await makeServeWorld()
  writeFileSync(join(world.model, 'chat_template.jinja'), '{% for m in messages %}{{ m.content }}\n{% endfor %}')
  served = await startServe(world.model, ['--queue', '600'])
})
after(async () => {
  await served.stop()
  world.remove()
})

test('200 mixed clients at a time get the bytes that each gets alone, twice; memory is bounded', async (t) => {
  const first = await checkMixedLoad(served, 200, 11)
  const second = await checkMixedLoad(served, 200, 11)
  for (const { highest, after } of [first, second])
    t.diagnostic(`memory: ${Math.round(highest / 1e6)} MB more at the highest, ${Math.round(after / 1e6)} MB after`)
  assert.ok(second.highest < 300e6, `${second.highest} bytes more`)
  assert.equal(served.stderr(), '')
})
