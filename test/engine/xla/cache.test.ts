import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'node:test'
import { compileCached, defaultCache, describeMachine, type CompileCache } from '../../../src/engine/xla/cache.js'
import type { Client, Executable } from '../../../src/engine/xla/pjrt/index.js'
import { addInPlace, download, shardedStep, testWithClient } from './pjrt/support.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neomesh-cache-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const cacheOf = (client: Client, changes: Partial<CompileCache> = {}): CompileCache => ({
  ...defaultCache(client),
  folder,
  ...changes,
})
const entries = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.xla'))
    .map((name) => join(folder, name))

/** A number that distinguishes programs: 1 plus the constant in it. */
const plus = (constant: number) => `func.func public @main(
    %x: tensor<2x3xf32> {tf.aliasing_output = 0 : i32}) -> tensor<2x3xf32> {
  %c = stablehlo.constant dense<${constant}.0> : tensor<2x3xf32>
  %y = stablehlo.add %x, %c : tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}`

async function onePlus(client: Client, executable: Executable): Promise<number> {
  const x = client.upload(new Float32Array(6).fill(1), 'f32', [2, 3])
  const run = executable.execute([[x]])
  await run.done
  assert.equal(x.isDeleted, true)
  return (await download(run.outputs[0][0]))[5]
}

testWithClient('the second compilation comes from the cache, and runs with donation', 1, async (client) => {
  const first = await compileCached(client, plus(41), {}, cacheOf(client))
  const second = await compileCached(client, plus(41), {}, cacheOf(client))
  assert.deepEqual([first.fromCache, second.fromCache], [false, true])
  assert.ok(first.seconds > 0 && second.seconds > 0)
  assert.deepEqual(second.executable.donated, [0])
  assert.deepEqual(second.executable.memoryStats().alias, 24)
  assert.equal(await onePlus(client, second.executable), 42)
})

testWithClient('programs over several devices load and run', 4, async (client) => {
  const options = { partitions: 4, deviceAssignment: [3, 2, 1, 0] }
  await compileCached(client, shardedStep(2, 2), options, cacheOf(client))
  const { executable, fromCache } = await compileCached(client, shardedStep(2, 2), options, cacheOf(client))
  assert.equal(fromCache, true)
  assert.deepEqual(
    executable.devices.map(({ id }) => id),
    [3, 2, 1, 0],
  )
  const run = executable.execute(
    executable.devices.map((device) => [
      client.upload(new Float32Array(128).fill(1), 'f32', [8, 16], device),
      client.upload(new Float32Array(256).fill(2), 'f32', [16, 16], device),
    ]),
  )
  for (const [sum] of run.outputs) assert.deepEqual(await download(sum), [16 * 16 * 32 * 2])
})

testWithClient('another program, option, CPU, plugin or environment is not found', 1, async (client) => {
  await compileCached(client, plus(1), {}, cacheOf(client))
  const machine = describeMachine(client)
  const others: [string, string, object, object][] = [
    ['program', plus(2), {}, {}],
    ['option', plus(1), { overrides: { xla_backend_optimization_level: 1 } }, {}],
    ['CPU', plus(1), {}, { cpu: ['Another CPU', 'flags : avx'] }],
    ['plugin', plus(1), {}, { plugin: { ...(machine.plugin as object), bytes: 1 } }],
    ['environment', plus(1), {}, { environment: ['--xla_cpu_enable_fast_math', null, null, null] }],
  ]
  for (const [what, text, options, change] of others) {
    const cache = cacheOf(client, { machine: { ...machine, ...change } })
    assert.equal((await compileCached(client, text, options, cache)).fromCache, false, what)
  }
  assert.equal(entries().length, 1 + others.length)
})

testWithClient('damaged, truncated and swapped entries are ignored and rewritten', 1, async (client) => {
  const cache = cacheOf(client)
  await compileCached(client, plus(1), {}, cache)
  const [path] = entries()
  const good = readFileSync(path)
  await compileCached(client, plus(2), {}, cache)
  const other = readFileSync(entries().find((entry) => entry !== path)!)
  const flipped = Buffer.from(good)
  flipped[flipped.length >> 1] ^= 1
  for (const bytes of [flipped, good.subarray(0, 100), good.subarray(0, 3), Buffer.alloc(0), other]) {
    writeFileSync(path, bytes)
    const compiled = await compileCached(client, plus(1), {}, cache)
    assert.equal(compiled.fromCache, false)
    assert.equal(await onePlus(client, compiled.executable), 2)
    assert.equal((await compileCached(client, plus(1), {}, cache)).fromCache, true)
  }
})

testWithClient('beyond the maximum the least recently used entries go', 1, async (client) => {
  for (const constant of [1, 2, 3]) await compileCached(client, plus(constant), {}, cacheOf(client))
  for (const [age, path] of entries().entries()) utimesSync(path, 1e9 - age, 1e9 - age)
  const [newest, middle, oldest] = entries()
  const room = statSync(newest).size * 3.5
  await compileCached(client, plus(4), {}, cacheOf(client, { maximumBytes: room }))
  assert.deepEqual(
    [newest, middle, oldest].map((path) => entries().includes(path)),
    [true, true, false],
  )
  assert.equal(entries().length, 3)
})

testWithClient('a folder that cannot be written is warned of once; `off` keeps nothing', 1, async (client) => {
  const warnings: string[] = []
  const listen = (warning: Error) => warnings.push(warning.message)
  process.on('warning', listen)
  try {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    for (const constant of [1, 2]) {
      const cache = cacheOf(client, { folder: join(file, 'below') })
      const { executable } = await compileCached(client, plus(constant), {}, cache)
      assert.equal(await onePlus(client, executable), 1 + constant)
    }
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0],
      /compiled programs are not kept: .*ENOTDIR.* NEOMESH_CACHE names another folder, or is "off"/,
    )
  } finally {
    process.off('warning', listen)
  }
  const before = process.env.NEOMESH_CACHE
  try {
    process.env.NEOMESH_CACHE = 'off'
    assert.equal(defaultCache(client).folder, null)
    assert.equal((await compileCached(client, addInPlace)).fromCache, false)
    assert.equal((await compileCached(client, addInPlace)).fromCache, false)
    process.env.NEOMESH_CACHE = folder
    assert.equal(defaultCache(client).folder, join(folder, 'xla'))
  } finally {
    if (before === undefined) delete process.env.NEOMESH_CACHE
    else process.env.NEOMESH_CACHE = before
  }
})
