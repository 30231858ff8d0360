import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { randomIntegers } from '../data/fixtures.js'
import { unzstd, ZstdError } from '../../src/corpus/zstd/index.js'

/** Archives of zstd 1.5 and what is in them; made by test/reference/zstd-archives.sh. */
const folder = fileURLToPath(new URL('../../../test/fixtures/corpus/', import.meta.url))
const original = readFileSync(join(folder, 'words.txt'))

async function unpack(bytes: Uint8Array, pieceBytes = 1 << 18): Promise<Buffer> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  const blocks: Buffer[] = []
  for await (const block of unzstd(pieces())) blocks.push(block)
  return Buffer.concat(blocks)
}
const archive = (name: string) => readFileSync(join(folder, `${name}.zst`))

for (const name of ['fast', 'level1', 'level3', 'level19', 'long31', 'stream', 'no-check', 'rsyncable'])
  test(`an archive of zstd, ${name}: read in pieces of any size`, async () => {
    for (const pieceBytes of [1 << 18, 1000, 7]) assert.ok((await unpack(archive(name), pieceBytes)).equals(original))
  })

test('several frames, skippable frames, empty frames', async () => {
  const skippable = Buffer.concat([Buffer.of(0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0), Buffer.from('extra')])
  const both = Buffer.concat([skippable, archive('level3'), archive('empty'), skippable, archive('level19'), skippable])
  for (const pieceBytes of [1 << 18, 3])
    assert.ok((await unpack(both, pieceBytes)).equals(Buffer.concat([original, original])))
  assert.equal((await unpack(archive('empty'))).length, 0)
  await assert.rejects(unpack(both.subarray(0, -2)), /ZstdError: it ends too early/)
})

test('a window of 2 GiB on a small frame takes little memory', async () => {
  const before = process.memoryUsage().arrayBuffers
  assert.ok((await unpack(archive('long31'))).equals(original))
  const grown = process.memoryUsage().arrayBuffers - before
  assert.ok(grown < 50e6, `${grown} bytes`)
})

test('matches reach as far back as the window, and memory is bounded by it', async () => {
  // 256 KiB window; the second half of each pair repeats what is 200 KiB before.
  assert.ok((await unpack(archive('far'))).equals(Buffer.concat(Array<Buffer>(40).fill(original))))
})

test('a bit flipped anywhere, or bytes cut off, is refused or changes nothing', async () => {
  for (const name of ['level3', 'level19', 'stream']) {
    const sound = archive(name)
    let refused = 0
    for (let i = 0; i < 400; i++) {
      const damaged = Buffer.from(sound)
      const at = Math.floor((i * sound.length) / 400)
      damaged[at] ^= 1 << (i % 8)
      const result = await unpack(damaged).catch((error: Error) => error)
      if (result instanceof Error) {
        assert.ok(result instanceof ZstdError, `${at}: ${result.stack}`)
        refused++
      } else assert.ok(result.equals(original), `byte ${at} of ${name}`)
    }
    assert.ok(refused >= 390, `${refused}`)
    for (let length = 1; length < sound.length; length += 997)
      await assert.rejects(unpack(sound.subarray(0, length)), ZstdError)
  }
})

test('what is no zstd archive', async () => {
  await assert.rejects(unpack(new Uint8Array(0)), /it is empty/)
  await assert.rejects(unpack(Buffer.from('no archive')), /no frame begins where one must/)
  await assert.rejects(unpack(Buffer.concat([archive('level1'), Buffer.from('more')])), /no frame begins/)
})

test('random damage ends in a ZstdError or in bytes, soon', { timeout: 60_000 }, async () => {
  const random = randomIntegers(12345)
  const sound = ['no-check', 'level19', 'fast', 'stream', 'long31', 'empty'].map(archive)
  for (let round = 0; round < 400; round++) {
    const damaged = Buffer.from(sound[random(sound.length)])
    for (let i = 0; i <= random(4); i++)
      damaged[random(random(2) === 0 ? damaged.length : Math.min(damaged.length, 200))] = random(256)
    const bytes = random(3) === 0 ? damaged.subarray(0, random(damaged.length)) : damaged
    await unpack(bytes).catch((error: Error) => assert.ok(error instanceof ZstdError, `${round}: ${error.stack}`))
  }
})
