import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, liveHandles, loadPlugin, PjrtError, type ElementType } from '../../../../src/engine/xla/pjrt/index.js'
import { addInPlace, download, noHandles, pluginPath, testWithClient } from './support.js'

test('loadPlugin: once per path, with version and attributes', () => {
  const plugin = loadPlugin(pluginPath)
  assert.equal(loadPlugin(pluginPath), plugin)
  assert.equal(plugin.apiVersion[0], 0)
  assert.ok(plugin.apiVersion[1] >= 57)
  assert.ok((plugin.attributes.stablehlo_current_version as number[]).length === 3)
})

test('loadPlugin: a file that is missing, no library, or no plugin is named with the reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neomesh-'))
  try {
    const text = join(folder, 'text.so')
    writeFileSync(text, 'not a library')
    assert.throws(() => loadPlugin(join(folder, 'none.so')), {
      name: 'PjrtError',
      code: 'NOT_FOUND',
      message: /no such file: .*none\.so/,
    })
    assert.throws(() => loadPlugin(text), {
      code: 'INVALID_ARGUMENT',
      message: /cannot load .*text\.so on \w+ \w+: .*built for this platform/s,
    })
  } finally {
    await rm(folder, { recursive: true })
  }
  const library =
    process.report &&
    (process.report.getReport() as { sharedObjects: string[] }).sharedObjects.find((file) => file.includes('libstdc++'))
  if (library) {
    assert.throws(() => loadPlugin(library), {
      message: /must be a PJRT plugin \(got a shared library without GetPjrtApi\)/,
    })
  }
})

testWithClient('client: platform and devices', 2, async (client) => {
  assert.equal(client.platform, 'cpu')
  assert.deepEqual(
    client.devices.map(({ id, kind }) => [id, kind]),
    [
      [0, 'cpu'],
      [1, 'cpu'],
    ],
  )
  assert.equal(client.memoryStats(client.devices[0]), null)
})

testWithClient('the same bytes come back for every element type, scalars and empty arrays too', 1, async (client) => {
  const bytes: Record<ElementType, number> = {
    bool: 1,
    i8: 1,
    u8: 1,
    i16: 2,
    u16: 2,
    f16: 2,
    bf16: 2,
    i32: 4,
    u32: 4,
    f32: 4,
    i64: 8,
    u64: 8,
    f64: 8,
  }
  for (const [dtype, size] of Object.entries(bytes) as [ElementType, number][]) {
    for (const shape of [[], [0, 3], [5], [7, 11, 13]]) {
      const count = shape.reduce((a, b) => a * b, 1)
      const data = Uint8Array.from({ length: count * size }, (_, i) => i % (dtype === 'bool' ? 2 : 251))
      const buffer = client.upload(data, dtype, shape)
      assert.deepEqual(await buffer.download(), data)
      assert.deepEqual(buffer.downloadSync(), data)
      buffer.dispose()
    }
  }
})

testWithClient('upload copies: the data may change at once, and views with an offset count', 1, async (client) => {
  const data = new Float32Array(300_000).fill(3)
  const view = data.subarray(100_000, 200_000)
  const buffer = client.upload(view, 'f32', [100_000])
  data.fill(4)
  assert.ok((await download(buffer)).every((value) => value === 3))
})

testWithClient('upload refuses what does not fit', 2, async (client) => {
  assert.throws(() => client.upload(new Float32Array(5), 'f32', [2, 3]), {
    message: /f32\[2,3\] must be given 24 bytes \(got 20\)/,
  })
  assert.throws(() => client.upload(new Float32Array(2), 'f32', [-2, -1]), {
    message: /must have an element type and integer sizes >= 0 \(got f32 \[-2, -1\]\)/,
  })
  const other = await Client.create(client.plugin, { cpu_device_count: 1 })
  assert.throws(() => client.upload(new Float32Array(1), 'f32', [1], other.devices[0]), {
    message: /is not of this process, which has CpuDevice/,
  })
  await other.close()
  assert.throws(() => other.upload(new Float32Array(1), 'f32', [1]), { message: /the client was closed/ })
})

testWithClient("compile: XLA's message comes through whole, the first line readable", 1, async (client) => {
  const bad = addInPlace.replace('stablehlo.add', 'stablehlo.bogus')
  await assert.rejects(client.compile(bad), (error: PjrtError) => {
    assert.ok(error instanceof PjrtError)
    assert.equal(error.entry, 'Client_Compile')
    assert.match(error.message.split('\n')[0], /^Client_Compile \(\w+\): .*3:10: error: .*stablehlo\.bogus/)
    assert.match(error.detail, /Failed to parse using StableHLO v\d/)
    return true
  })
  await assert.rejects(client.compile(addInPlace, { overrides: { no_such_flag: true } }), {
    name: 'PjrtError',
    message: /no_such_flag/,
  })
  await assert.rejects(client.compile(addInPlace, { partitions: 2, deviceAssignment: [1, 1] }), {
    message: /must name 2 different devices/,
  })
})

testWithClient('compile: overrides of every kind are understood', 1, async (client) => {
  const overrides = { xla_backend_optimization_level: 1, xla_cpu_enable_fast_math: false, xla_dump_to: '' }
  const executable = await client.compile(addInPlace, { overrides })
  assert.deepEqual(executable.outputs, [{ dtype: 'f32', shape: [2, 3] }])
})

test('close frees what was left, and a closed client says so', async () => {
  const client = await Client.create(loadPlugin(pluginPath), { cpu_device_count: 1 })
  const buffer = client.upload(new Float32Array(6), 'f32', [2, 3])
  const executable = await client.compile(addInPlace)
  await client.close()
  await client.close()
  assert.deepEqual(liveHandles(), noHandles)
  await assert.rejects(buffer.download(), {
    code: 'FAILED_PRECONDITION',
    message: /f32\[2,3\] is gone: its client was closed/,
  })
  assert.throws(() => executable.execute([[buffer, buffer]]), { message: /disposed of/ })
})
