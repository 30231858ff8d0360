/** Forty cells that never end: each can be interrupted, and the kernel keeps its variables. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startKernel, type TestKernel } from './client.js'
import { interruptEach } from './interrupt-each.js'
import { loops } from './loops.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-loops-'))
let kernel: TestKernel
before(async () => (kernel = await startKernel(folder)))
after(async () => {
  await kernel?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('there are forty', () => assert.equal(Object.keys(loops).length, 40))

for (const [name, code] of Object.entries(loops))
  test(`interrupted: ${name}`, { timeout: 20_000 }, () => interruptEach(kernel, name, code))

test('it is the same process all along, and it can still be restarted', async () => {
  const old = kernel.pid
  await kernel.restart()
  assert.throws(() => process.kill(old, 0), { code: 'ESRCH' })
})
