/** Interrupts a cell; checks that it ends so, soon, and that variables of earlier cells are there. */
import assert from 'node:assert/strict'
import type { TestKernel } from './client.js'

/** Time for an answer, in ms. */
const SOON = 3000

export async function interruptEach(kernel: TestKernel, name: string, code: string): Promise<void> {
  const kept = (await kernel.run(`const kept = ${JSON.stringify(name)}`)).reply
  assert.equal(kept.status, 'ok')
  let at = 0
  const run = await kernel.runWatched(code, (message) => {
    if (message.type !== 'stream' || at > 0) return
    at = Infinity
    setTimeout(() => {
      at = performance.now()
      void kernel.interrupt()
    }, 200)
  })
  const took = performance.now() - at
  assert.equal(run.error?.name, 'Interrupted', `${name}: ${run.error?.traceback ?? run.reply.status}`)
  assert.ok(took < SOON, `${name}: the answer came after ${took.toFixed()} ms`)
  assert.equal((await kernel.run('kept')).result?.slice(1, -1), name)
}
