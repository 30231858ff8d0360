import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { MetricsLog, readMetrics } from '../../src/train/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'

test('lines are JSON, written when they are known; evaluations are found by their step', async (context) => {
  const path = join(temporaryFolder(context), 'metrics.jsonl')
  const log = await MetricsLog.open(path, 0)
  log.write({ step: 1, loss: 2.5 })
  log.write({ step: 1, validation_loss: 2.4, perplexity: 11 })
  assert.equal(readFileSync(path, 'utf8'), '{"step":1,"loss":2.5}\n{"step":1,"validation_loss":2.4,"perplexity":11}\n')
  assert.equal(log.evaluationAfter(1)?.validation_loss, 2.4)
  assert.equal(log.evaluationAfter(2), undefined)
})

test('a resumed log drops later lines and a truncated one, and keeps its evaluations', async (context) => {
  const path = join(temporaryFolder(context), 'metrics.jsonl')
  const sound = '{"step":1,"loss":3}\n{"step":2,"validation_loss":2}\n'
  writeFileSync(path, `${sound}null\n5\n{"step":3,"loss":2}\n{"step":2,"lo`)
  const log = await MetricsLog.open(path, 2)
  assert.deepEqual(await readMetrics(path), [
    { step: 1, loss: 3 },
    { step: 2, validation_loss: 2 },
  ])
  assert.equal(log.evaluationAfter(2)?.validation_loss, 2)
})

test('no file is no lines; a folder is refused', async (context) => {
  const folder = temporaryFolder(context)
  assert.deepEqual(await readMetrics(join(folder, 'none.jsonl')), [])
  mkdirSync(join(folder, 'metrics.jsonl'))
  await assert.rejects(readMetrics(join(folder, 'metrics.jsonl')), { name: 'FileError', message: /it is a folder/ })
})
