import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lockHolder, tryLock } from '../../../src/files/index.js'
import { anotherProcess } from '../another-process.js'
import { startStorage } from './server.js'

const storage = await startStorage('bucket')

test('one holder at a time; released, it is gone', async () => {
  const path = 'gs://bucket/one/.lock'
  const lock = await tryLock(path)
  assert.ok(lock?.protects)
  assert.equal(await tryLock(path), undefined)
  assert.deepEqual(await lockHolder(path), { description: `process ${process.pid}`, pid: process.pid })
  await lock.release()
  await lock.release()
  assert.deepEqual(storage.names('bucket'), [])
  const next = await tryLock(path)
  assert.ok(next)
  // One that was released before is not the one of now.
  await lock.release()
  assert.equal(await tryLock(path), undefined)
  await next.release()
})

test('an answer that is lost on the way does not lock out the one who asked', async () => {
  const path = 'gs://bucket/lost/.lock'
  let failures = 1
  storage.failing = (line) => (line.startsWith('POST /upload') && failures-- > 0 ? 'lost' : undefined)
  const lock = await tryLock(path)
  storage.failing = () => undefined
  assert.ok(lock)
  await lock.release()
})

test('of many who ask at once one gets it', async () => {
  const locks = await Promise.all(Array.from({ length: 8 }, () => tryLock('gs://bucket/many/.lock')))
  assert.equal(locks.filter(Boolean).length, 1)
  await locks.find(Boolean)!.release()
})

test('a process of this machine that was killed locks nothing', async (t) => {
  const path = 'gs://bucket/killed/.lock'
  const source = `import { tryLock } from FILES; const lock = await tryLock(${JSON.stringify(path)}); say(lock.protects)`
  const other = await anotherProcess(t, source)
  assert.equal(await other.said(), 'true')
  assert.equal(await tryLock(path), undefined)
  await other.kill()
  const lock = await tryLock(path)
  assert.ok(lock)
  await lock.release()
})

test('a process elsewhere that gives no sign of life for a minute and a half locks nothing', async () => {
  const path = 'gs://bucket/elsewhere/.lock'
  storage.put('bucket', 'elsewhere/.lock', '17 elsewhere\n')
  assert.equal(await tryLock(path), undefined)
  assert.deepEqual(await lockHolder(path), { description: 'process 17 on elsewhere', pid: 17 })
  storage.ahead = 80_000
  assert.equal(await tryLock(path), undefined)
  storage.ahead = 100_000
  const lock = await tryLock(path)
  storage.ahead = 0
  assert.ok(lock)
  await lock.release()
})
