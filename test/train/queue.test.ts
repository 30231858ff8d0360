import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createQueue } from '../../src/train/queue.js'

test('what is pushed while the reader is at work is read, also if the end comes with it', async () => {
  const queue = createQueue<number>()
  const read: number[] = []
  queue.push(1)
  for await (const item of queue.items()) {
    read.push(item)
    await setTimeout(1)
    if (item >= 3) continue
    queue.push(item + 1)
    if (item === 2) queue.end()
  }
  assert.deepEqual(read, [1, 2, 3])
})

test('a reader waits for the next item, and ends with the queue', async () => {
  const queue = createQueue<string>()
  const read: string[] = []
  const reading = (async () => {
    for await (const item of queue.items()) read.push(item)
  })()
  for (const item of ['a', 'b']) {
    await setTimeout(1)
    queue.push(item)
  }
  await setTimeout(1)
  queue.end()
  await reading
  assert.deepEqual(read, ['a', 'b'])
})
