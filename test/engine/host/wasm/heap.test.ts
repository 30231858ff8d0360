import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heap } from '../../../../src/engine/host/wasm/heap.js'

const MIB = 1 << 20

test('blocks do not overlap, and what is freed is used again', () => {
  const heap = new Heap()
  const sizes = [1, 65, 1000, 3 * MIB]
  const blocks = sizes.map((bytes) => ({ start: heap.allocate(bytes), bytes }))
  const ordered = blocks.toSorted((a, b) => a.start - b.start)
  ordered.slice(1).forEach(({ start }, i) => assert.ok(start >= ordered[i].start + ordered[i].bytes))
  for (const { start } of blocks) assert.equal(start % 64, 0)
  for (const { start, bytes } of blocks) heap.free(start, bytes)
  assert.deepEqual(
    sizes.map((bytes) => heap.allocate(bytes)),
    blocks.map(({ start }) => start),
  )
})

test('neighbours that are free become one block before the memory grows', () => {
  const heap = new Heap()
  const blocks = Array.from({ length: 12 }, () => heap.allocate(MIB))
  const before = heap.buffer.byteLength
  for (const start of blocks) heap.free(start, MIB)
  assert.ok(heap.allocate(12 * MIB) > 0)
  assert.equal(heap.buffer.byteLength, before)
})

test('arrays stay what they are when the memory grows', () => {
  const heap = new Heap()
  assert.ok(heap.shared)
  const first = new Float32Array(heap.buffer as ArrayBuffer, heap.allocate(16), 4).fill(7)
  const before = heap.buffer.byteLength
  const address = heap.allocate(40 * MIB)
  const second = new Float32Array(heap.buffer as ArrayBuffer, address, 10 * MIB)
  assert.ok(heap.buffer.byteLength > before)
  assert.ok(heap.owns(first) && heap.owns(second) && !heap.owns(new Float32Array(1)))
  assert.deepEqual([...first], [7, 7, 7, 7])
  second[10 * MIB - 1] = 1
  assert.equal(heap.allocate(2 ** 33), -1)
})

test('the memory grows to what is in use at a time, however sizes change', () => {
  const heap = new Heap()
  for (let turn = 0; turn < 200; turn++) {
    // Four arrays of other sizes each time, 23 MiB at most.
    const blocks = [1, 2, 3, 4].map((i) => ({ bytes: i * MIB + turn * 6400 * i, start: 0 }))
    for (const block of blocks) block.start = heap.allocate(block.bytes)
    assert.ok(blocks.every(({ start }) => start > 0))
    for (const { start, bytes } of blocks) heap.free(start, bytes)
  }
  assert.ok(heap.buffer.byteLength <= 48 * MIB, `${heap.buffer.byteLength / MIB} MiB`)
})
