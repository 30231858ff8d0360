/** Checkpoints by parts: what several processes save is what one saves, and any number of them loads it. One process acts as several. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { checkpointSteps, openCheckpoint, type Checkpoint } from '../../../src/checkpoint/index.js'
import { parseModelConfig } from '../../../src/config/index.js'
import { openXla, type XlaEngine } from '../../../src/engine/index.js'
import { parsePlacement } from '../../../src/mesh/index.js'
import { Trainer } from '../../../src/train/index.js'
import { StateCopy } from '../../../src/train/state-copy.js'
import { TINY } from '../../cli/world.js'
import { startStorage } from '../../files/google-storage/server.js'

const storage = await startStorage('bucket')
const folder = mkdtempSync(join(tmpdir(), 'neomesh-parts-'))
const all = openXla({ deviceCount: 8 })
after(async () => {
  await (await all).close()
  rmSync(folder, { recursive: true, force: true })
})

const { config } = parseModelConfig({ ...TINY, n_vocab: 301, n_ctx: 8, train_batch_size: 8 }, 'test')
/** A checkpoint of one process, whose optimizer has made a step. */
const whole = join(folder, 'whole')

const meshes = {
  rows: ['x:8', 'batch:x', 'embd:x'],
  both: ['x:4,y:2', 'batch:x,heads:y,vocab:y', 'embd:x'],
  other: ['x:2,y:4', 'batch:x,vocab:x,intermediate_expanded:y', 'embd:y'],
} as const

/** Devices of each process. */
const processes: Readonly<Record<number, readonly (readonly number[])[]>> = {
  1: [[0, 1, 2, 3, 4, 5, 6, 7]],
  2: [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ],
  3: [
    [0, 3, 5],
    [1, 2],
    [4, 6, 7],
  ],
  4: [
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
  ],
  8: [[0], [1], [2], [3], [4], [5], [6], [7]],
}

async function engines(count: number, mesh: keyof typeof meshes): Promise<XlaEngine[]> {
  const [shape, layout, parameters] = meshes[mesh]
  const placed = (await all).withPlacement(parsePlacement(shape, layout, parameters))
  return processes[count].map((devices, index) =>
    placed.asProcess(devices, { index, count, owns: (device) => devices.includes(device) }),
  )
}

/** Each of so many processes restores a checkpoint, and saves what it then holds. */
async function resave(from: string, to: string, count: number, mesh: keyof typeof meshes, layers: 'scan' | 'unroll') {
  const attempt = '0123456789ab'
  const saves = await Promise.all(
    (await engines(count, mesh)).map(async (engine) => {
      const trainer = new Trainer(engine, config, layers)
      await trainer.restore(from)
      const save = await trainer.copyOut(new StateCopy())
      trainer.dispose()
      return save
    }),
  )
  await Promise.all(saves.map((save) => save(to, {}, { parts: { attempt, deadline: 60_000 } })))
}

before(async () => {
  const trainer = new Trainer((await all).withPlacement(parsePlacement(...meshes.both)), config, 'scan')
  await trainer.initialise()
  const ids = Int32Array.from({ length: 8 * 9 }, (_, i) => (i * 37) % 300)
  for (const array of Object.values(await trainer.trainOn(ids))) array.dispose()
  await trainer.save(whole)
  trainer.dispose()
})

async function assertSame(found: Checkpoint, wanted: Checkpoint): Promise<void> {
  const { variables } = wanted.manifest
  assert.deepEqual(Object.keys(found.manifest.variables).sort(), Object.keys(variables).sort())
  for (const [name, { shape }] of Object.entries(variables)) {
    const [a, b] = [await found.read(name, shape), await wanted.read(name, shape)]
    assert.ok(
      Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength)),
      name,
    )
  }
}

for (const [saving, mesh, layers] of [
  [2, 'both', 'scan'],
  [4, 'other', 'unroll'],
  [8, 'rows', 'scan'],
] as const)
  test(`${saving} processes save, and 1, 2, 3 and 8 load: bitwise`, async () => {
    const parts = join(folder, `by-${saving}`)
    await resave(whole, parts, saving, mesh, layers)
    const names = Array.from({ length: saving }, (_, i) => `part-0000${i}.safetensors`)
    assert.deepEqual(readdirSync(parts).sort(), ['manifest.json', ...names])
    const [wanted, found] = await Promise.all([openCheckpoint(whole), openCheckpoint(parts)])
    await assertSame(found, wanted)
    const total = names.reduce((sum, name) => sum + readFileSync(join(parts, name)).length, 0)
    const numbers = Object.values(wanted.manifest.variables).reduce(
      (sum, { shape }) => sum + shape.reduce((a: number, b: number) => a * b, 4),
      0,
    )
    assert.ok(total < numbers * 1.5, 'each number is saved once')
    for (const [loading, other, mode] of [
      [1, 'both', 'unroll'],
      [2, 'rows', 'scan'],
      [3, 'other', 'scan'],
      [8, 'both', 'unroll'],
    ] as const) {
      const again = join(folder, `by-${saving}-then-${loading}`)
      await resave(parts, again, loading, other, mode)
      const reloaded = await openCheckpoint(again)
      assert.equal(reloaded.manifest.format, loading === 1 ? 'neomesh checkpoint 1' : 'neomesh checkpoint 2')
      await assertSame(reloaded, wanted)
      await reloaded.close()
    }
    await Promise.all([wanted.close(), found.close()])
  })

test('in a bucket: one variable reads its bytes beside the manifest, a block of it its rows', async () => {
  const path = 'gs://bucket/run/checkpoints/step-00000001'
  await resave(whole, path, 4, 'both', 'scan')
  assert.deepEqual(
    storage.names('bucket').filter((name) => !/step-00000001\/(manifest\.json|part-0000\d\.safetensors)$/.test(name)),
    [],
  )
  assert.deepEqual(await checkpointSteps('gs://bucket/run'), [1])
  const bytes = (from: number) =>
    storage.ranges.slice(from).reduce((sum, range) => {
      const [, first, last] = /bytes=(\d+)-(\d+)/.exec(range)!
      return sum + Number(last) - Number(first) + 1
    }, 0)
  const checkpoint = await openCheckpoint(path)
  const before = storage.ranges.length
  const { shape } = checkpoint.manifest.variables['gpt2/wte']
  const values = await checkpoint.read('gpt2/wte', shape)
  assert.equal(bytes(before), values.byteLength)
  await checkpoint.close()
  const unverified = await openCheckpoint(path, { verify: false })
  const start = storage.ranges.length
  const rows = await unverified.readBlock('gpt2/wte', shape, shape, { starts: [7, 0], sizes: [3, shape[1]] })
  assert.equal(bytes(start), rows.byteLength)
  assert.deepEqual(rows, values.slice(7 * shape[1], 10 * shape[1]))
  await unverified.close()
})

test('a part that was damaged, cut off or lost is reported when it is read', async () => {
  const parts = join(folder, 'damaged')
  await resave(whole, parts, 2, 'rows', 'scan')
  const file = join(parts, 'part-00001.safetensors')
  const sound = readFileSync(file)
  const damaged = Buffer.from(sound)
  damaged[damaged.length - 3] ^= 1
  const readAll = async () => {
    const checkpoint = await openCheckpoint(parts)
    try {
      for (const [name, { shape }] of Object.entries(checkpoint.manifest.variables)) await checkpoint.read(name, shape)
    } finally {
      await checkpoint.close()
    }
  }
  for (const bytes of [damaged, sound.subarray(0, -1), Buffer.concat([sound, Buffer.alloc(1)])]) {
    writeFileSync(file, bytes)
    await assert.rejects(readAll(), {
      name: 'FileError',
      message: /part-00001\.safetensors is corrupt: it differs from/,
    })
  }
  writeFileSync(file, sound)
  await readAll()
})
