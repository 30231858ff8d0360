import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostname } from 'node:os'
import { join, lockHolder, readFolder, tryLock, writeFileAtomic, writeFolderAtomic } from '../../../src/files/index.js'
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

test('a process of another machine of the same name is none of here', async () => {
  // As it is where machines are made from one image: the number of the first container is the same on all, too.
  const lock = await tryLock('gs://bucket/alike/.lock')
  const { space, pid } = storage.metadata('bucket', 'alike/.lock')
  assert.equal(pid, String(process.pid))
  assert.doesNotMatch(space, new RegExp(`^${hostname()} `))
  await lock!.release()
})

test('who was suspended for so long that another took the lock is told, and puts no folder in place', async () => {
  const lock = (await tryLock('gs://bucket/slept/.lock'))!
  await lock.check()
  storage.ahead = 100_000
  const other = (await tryLock('gs://bucket/slept/.lock'))!
  await other.check()
  await assert.rejects(
    lock.check(),
    /^FileError: gs:\/\/bucket\/slept\/\.lock is no longer locked by this process: .*suspended.*Run the command again$/,
  )
  await lock.release()
  await other.check()
  await other.release()

  const write = (during: () => Promise<void>) =>
    writeFolderAtomic('gs://bucket/slept/set', { mayReplace: () => false }, async (folder) => {
      await writeFileAtomic(join(folder, 'data'), '')
      await during()
      await writeFileAtomic(join(folder, 'about.json'), '')
    })
  storage.ahead = 0
  await assert.rejects(
    write(() => {
      storage.ahead = 100_000
      return write(async () => {})
    }),
    /is no longer locked by this process/,
  )
  storage.ahead = 0
  const names = (await readFolder('gs://bucket/slept/set')).map(({ name }) => name)
  assert.deepEqual(names.sort(), ['about.json', 'data'])
  assert.deepEqual(storage.names('bucket'), ['slept/set/about.json', 'slept/set/data'])
})
