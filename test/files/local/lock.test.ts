import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockHolder, tryLock } from '../../../src/files/index.js'
import { anotherProcess } from '../another-process.js'
import { temporaryFolder } from '../temporary-folder.js'

test('one holder at a time, within a process too; release removes the file', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  const lock = await tryLock(path)
  assert.ok(lock?.protects)
  assert.equal(await tryLock(path), undefined)
  assert.equal((await lockHolder(path)).pid, process.pid)
  await lock.release()
  await lock.release()
  assert.ok(!existsSync(path))
  await (await tryLock(path))!.release()
})

test('another process holds it until it dies; a file alone is no lock', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  writeFileSync(path, '1 elsewhere\n')
  const source = `import { tryLock } from FILES; const lock = await tryLock(${JSON.stringify(path)}); say(lock.protects)`
  const other = await anotherProcess(t, source)
  assert.equal(await other.said(), 'true')
  assert.equal(await tryLock(path), undefined)
  assert.deepEqual(await lockHolder(path), { description: `process ${other.pid}`, pid: other.pid })
  await other.kill()
  assert.ok(existsSync(path))
  const lock = await tryLock(path)
  assert.equal((await lockHolder(path)).pid, process.pid)
  await lock!.release()
})

test('it is held though nobody refers to it any more', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  const other = await anotherProcess(
    t,
    `import { tryLock } from FILES
     import { setFlagsFromString } from 'node:v8'
     import { runInNewContext } from 'node:vm'
     setFlagsFromString('--expose-gc')
     const collect = runInNewContext('gc')
     await (async () => void (await tryLock(${JSON.stringify(path)})))()
     for (let i = 0; i < 5; i++) { collect(); await new Promise((resolve) => setTimeout(resolve, 10)) }
     say('collected')`,
  )
  assert.equal(await other.said(), 'collected')
  assert.equal(await tryLock(path), undefined)
})

test('of many who try, over and over, never two have it', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  let inside = 0
  let taken = 0
  const work = async () => {
    for (let i = 0; i < 50; i++) {
      const lock = await tryLock(path)
      if (lock === undefined) continue
      assert.equal(++inside, 1)
      taken++
      await new Promise((resolve) => setImmediate(resolve))
      inside--
      await lock.release()
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  assert.ok(taken > 8)
})

test('who holds it, where nobody wrote it down or on another machine', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  assert.equal((await lockHolder(path)).description, 'another process')
  writeFileSync(path, '42 far.away\n')
  assert.equal((await lockHolder(path)).description, 'process 42 on far.away')
})
