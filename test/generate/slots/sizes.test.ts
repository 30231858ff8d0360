import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PrefixCache, Shared } from '../../../src/generate/slots/prefix-cache.js'
import { sizesOf } from '../../../src/generate/slots/sizes.js'

const all = (capacity: number, chunk: number, lengthsAt: (size: number) => readonly number[]) => {
  const sizes = sizesOf(capacity, chunk, lengthsAt)
  const found = new Set<number>()
  for (let positions = 1; positions <= capacity; positions++) {
    const size = sizes.cache(positions)
    assert.ok(size >= positions)
    found.add(size)
  }
  for (let offset = 0; offset < capacity; offset += sizes.chunk) {
    const size = sizes.chunkCache(offset)
    const widths = new Set<number>()
    for (let length = 1; length <= Math.min(sizes.chunk, capacity - offset); length++) {
      const width = sizes.width(length, offset)
      assert.ok(width >= length && offset + width <= size, `${length} from ${offset} on`)
      widths.add(width)
    }
    assert.ok(widths.size <= 8)
  }
  return [...found]
}

test('cache sizes double, are multiples of 64 with the slots that come first, and hold every chunk', () => {
  assert.deepEqual(
    all(1024, 128, (size) => [size, 12]),
    [128, 256, 512, 1024],
  )
  assert.deepEqual(
    all(1000, 128, (size) => [size]),
    [128, 256, 512, 1024],
  )
  assert.deepEqual(
    all(100, 16, (size) => [size + 3]),
    [61, 125],
  )
  assert.deepEqual(
    all(24, 128, (size) => [size]),
    [64],
  )
  for (const [capacity, chunk] of [
    [2048, 100],
    [2, 1],
    [130, 128],
    [777, 33],
  ])
    all(capacity, chunk, (size) => [size])
})

test('a ring has the same length in all sizes, unless all of its lengths are multiples of 64', () => {
  assert.deepEqual(
    all(1024, 128, (size) => [size, Math.min(size, 256)]),
    [128, 256, 512, 1024],
  )
  assert.deepEqual(
    all(100, 16, (size) => [size, Math.min(size, 80)]),
    [128],
  )
  assert.deepEqual(
    all(1024, 128, (size) => [size, Math.min(size, 5000)]),
    [128, 256, 512, 1024],
  )
})

test('prefixes: the longest is found, the least recently used are dropped, and memory is freed when the last holder lets go', () => {
  const freed: string[] = []
  const cache = new PrefixCache<string>(10, ({ length }) => length)
  const put = (prompt: number[], length: number, value: string) => {
    const held = new Shared(value, (each) => freed.push(each))
    cache.keep(prompt, length, held)
    held.release()
  }
  const prompt = [1, 2, 3, 4, 5, 6]
  put(prompt, 2, 'aaa')
  put(prompt, 4, 'bbbb')
  assert.equal(cache.find([1, 2], 2), null, 'a prompt needs one token more than its prefix')
  const found = cache.find([1, 2, 3, 4, 9], 2)!
  assert.deepEqual([found.length, found.held.value], [4, 'bbbb'])
  assert.equal(cache.find([1, 2, 9], 2)!.length, 2)
  put([7, 7], 2, 'cccccc')
  assert.equal(cache.size, 9)
  assert.equal(cache.find([1, 2, 3, 4, 9], 2)!.length, 2, 'the least recently used is dropped')
  assert.equal(freed.length, 0, 'it is still held')
  found.held.release()
  assert.equal(freed.join(), 'bbbb')
  put([8, 8], 2, 'more than it has room for')
  assert.ok(freed.includes('more than it has room for'))
  cache.clear()
  assert.equal(cache.size, 0)
  assert.equal(cache.find(prompt, 2), null)
})
