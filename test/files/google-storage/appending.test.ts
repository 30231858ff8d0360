import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJsonLines, startJsonLines } from '../../../src/files/index.js'
import { startStorage } from './server.js'

const storage = await startStorage('bucket')
const lines = (name: string) => storage.get('bucket', name).toString()

test('lines wait for each other and are there after a flush, also where the service fails or answers are lost', async () => {
  const path = 'gs://bucket/log/metrics.jsonl'
  const log = await startJsonLines(path, [{ step: 1 }])
  assert.equal(lines('log/metrics.jsonl'), '{"step":1}\n')
  let expected = '{"step":1}\n'
  for (const [round, failure] of [undefined, 503, 'lost', undefined].entries()) {
    for (let i = 0; i < 50; i++) {
      log.append({ round, i })
      expected += `{"round":${round},"i":${i}}\n`
    }
    let once = failure
    storage.failing = (line) => {
      if (!line.includes('/compose')) return undefined
      const now = once
      once = undefined
      return now as 503
    }
    await log.flush()
    assert.equal(lines('log/metrics.jsonl'), expected)
  }
  storage.failing = () => undefined
  await log.flush()
  assert.deepEqual(storage.names('bucket'), ['log/metrics.jsonl'])
  assert.equal((await readJsonLines(path)).length, 201)
})

test('two that write one file are told, and nothing that is there is lost', async () => {
  const path = 'gs://bucket/two/metrics.jsonl'
  const mine = await startJsonLines(path, [])
  mine.append(1)
  await mine.flush()
  storage.put('bucket', 'two/metrics.jsonl', '1\n2\n')
  mine.append(3)
  await assert.rejects(
    mine.flush(),
    /cannot write gs:\/\/bucket\/two\/metrics\.jsonl: another process is writing it too/,
  )
  assert.throws(() => mine.append(4), /another process is writing it too/)
  assert.equal(lines('two/metrics.jsonl'), '1\n2\n')
})
