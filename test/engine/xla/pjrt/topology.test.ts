/**
 * Ahead-of-time compilation by libtpu, on a machine without TPUs; skipped where the Python package libtpu is not
 * installed.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { findPlugin } from '../../../../src/engine/xla/discovery.js'
import { createTopology, liveHandles, loadPlugin, type PjrtError } from '../../../../src/engine/xla/pjrt/index.js'
import { addInPlace, shardedStep, sortOf } from './support.js'

const path = libtpu()
const skip = path === null && 'libtpu is not installed'

function libtpu(): string | null {
  try {
    return findPlugin('tpu').path
  } catch {
    return null
  }
}

test('a sharded program compiles for a slice that is not here, with memory, cost and code', { skip }, async () => {
  const topology = createTopology(loadPlugin(path!), 'v5e:2x2')
  assert.equal(topology.devices.length, 4)
  assert.deepEqual(topology.devices[1].attributes.coords, [1, 0, 0])
  assert.match(topology.devices[0].kind, /v5 lite/)
  const program = await topology.compile(shardedStep(2, 2), { partitions: 4 })
  assert.deepEqual(program.outputs(), [
    { dtype: 'f32', shape: [] },
    { dtype: 'f32', shape: [16, 16] },
  ])
  assert.deepEqual(
    program.signature().parameters.map(({ shape }) => shape),
    [
      [8, 16],
      [16, 16],
    ],
  )
  assert.deepEqual(program.signature().donated, [1])
  assert.ok(program.memoryStats().peak > 0)
  assert.ok(program.costAnalysis()!.flops > 0)
  assert.ok(program.serialize().length > 1000)
  program.dispose()
  program.dispose()
  assert.throws(() => program.memoryStats(), { message: /the executable was disposed of/ })
  topology.dispose()
  await assert.rejects(topology.compile(addInPlace), { message: /topology v5e:2x2 was disposed of/ })
  const { topology: topologies, program: programs } = liveHandles()
  assert.deepEqual([topologies, programs], [0, 0])
})

test('options reach the topology: a megacore v4 chip is one device', { skip }, () => {
  const plugin = loadPlugin(path!)
  assert.equal(createTopology(plugin, 'v4:2x2x1').devices.length, 8)
  assert.equal(createTopology(plugin, 'v4:2x2x1', { chip_config_name: 'megacore' }).devices.length, 4)
})

test('what does not fit, and what is not known, is said', { skip }, async () => {
  const plugin = loadPlugin(path!)
  const topology = createTopology(plugin, 'v5e:2x2')
  await assert.rejects(topology.compile(sortOf(2 ** 36)), (error: PjrtError) => {
    assert.equal(error.code, 'RESOURCE_EXHAUSTED')
    assert.match(error.message.split('\n')[0], /^Compile \(RESOURCE_EXHAUSTED\): .*exceeds available HBM \(15\.75G\)/)
    return true
  })
  await assert.rejects(topology.compile(shardedStep(2, 1), { partitions: 2 }), {
    message: /v5e:2x2 has 4 devices; .* not for 2/,
  })
  assert.throws(() => createTopology(plugin, 'v9:2x2'), { entry: 'TopologyDescription_Create', message: /v9/ })
})

test('a process that has loaded libtpu ends cleanly and quietly, after its exit listeners', { skip }, () => {
  const library = new URL('../../../../src/engine/xla/pjrt/index.js', import.meta.url).href
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `
    import { createTopology, loadPlugin } from '${library}'
    createTopology(loadPlugin(${JSON.stringify(path)}), 'v5e:2x2')
    process.on('exit', () => console.log('listener'))
    process.exitCode = 7`,
    ],
    { encoding: 'utf8', timeout: 60_000 },
  )
  assert.deepEqual({ status, signal, stdout, stderr }, { status: 7, signal: null, stdout: 'listener\n', stderr: '' })
})
