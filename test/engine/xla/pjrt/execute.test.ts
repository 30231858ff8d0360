import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, liveHandles, loadPlugin } from '../../../../src/engine/xla/pjrt/index.js'
import {
  addInPlace,
  download,
  f32,
  noHandles,
  pluginPath,
  powers,
  shardedStep,
  sortOf,
  testWithClient,
} from './support.js'

const six = (client: Client, value: number) => client.upload(new Float32Array(6).fill(value), 'f32', [2, 3])

testWithClient('an executable knows its signature, memory and fingerprint', 1, async (client) => {
  const executable = await client.compile(addInPlace)
  const spec = { dtype: 'f32', shape: [2, 3] }
  assert.deepEqual(executable.parameters, [spec, spec])
  assert.deepEqual(executable.outputs, [spec])
  assert.deepEqual(executable.donated, [0])
  const { argument, output, alias, peak } = executable.memoryStats()
  assert.deepEqual({ argument, output, alias }, { argument: 48, output: 24, alias: 24 })
  assert.ok(peak >= 48)
  assert.ok((executable.costAnalysis()?.flops ?? 6) === 6) // newer CPU plugins have none
  assert.ok(executable.fingerprint()!.length > 0)
})

testWithClient('execute: runs, takes the donated argument over, leaves the other', 1, async (client) => {
  const executable = await client.compile(addInPlace)
  const x = six(client, 1)
  const y = six(client, 10)
  const run = executable.execute([[x, y]])
  await run.done
  assert.deepEqual(await download(run.outputs[0][0]), Array(6).fill(11))
  assert.equal(x.isDeleted, true)
  assert.equal(y.isDeleted, false)
  await assert.rejects(x.download(), { message: /f32\[2,3\] is gone: it was donated to a program/ })
})

testWithClient('execute refuses arguments that do not fit, before the plugin sees them', 2, async (client) => {
  const executable = await client.compile(addInPlace)
  const x = six(client, 1)
  const y = six(client, 2)
  const refused = (rows: Parameters<typeof executable.execute>[0], message: RegExp) =>
    assert.throws(() => executable.execute(rows), { name: 'PjrtError', message })
  refused([], /runs on 1 devices, 0 rows of arguments were given/)
  refused([[x]], /takes 2 arguments, 1 were given for device 0/)
  const integers = client.upload(new Int32Array(6), 'i32', [2, 3])
  refused([[x, integers]], /argument 1 is i32\[2,3\], the program takes f32\[2,3\]/)
  const tall = client.upload(new Float32Array(6), 'f32', [3, 2])
  refused([[tall, y]], /argument 0 is f32\[3,2\], the program takes f32\[2,3\]/)
  const elsewhere = client.upload(new Float32Array(6), 'f32', [2, 3], client.devices[1])
  refused([[x, elsewhere]], /argument 1 is on device 1, row 0 .* runs on device 0/)
  refused([[x, x]], /arguments 0 and 1 must be different buffers, since argument 0 is donated\. Pass a copy/)
  const gone = six(client, 3)
  gone.dispose()
  gone.dispose()
  refused([[x, gone]], /argument 1.*is gone: it was disposed of/)
  assert.equal(x.isDeleted, false)
  const executed = executable.execute([[x, y]])
  refused([[x, y]], /argument 0.*is gone: it was donated/)
  await executed.done
  executable.dispose()
  refused([[y, y]], /the executable was disposed of/)
})

testWithClient('execute returns before the devices are done, and the event loop goes on', 1, async (client) => {
  const executable = await client.compile(powers(512, 60))
  const x = client.upload(new Float32Array(512 * 512), 'f32', [512, 512])
  let turns = 0
  const timer = setInterval(() => turns++, 2)
  const run = executable.execute([[x]])
  await run.done
  clearInterval(timer)
  assert.ok(turns > 5, `${turns} turns of the event loop`)
})

testWithClient('disposing of everything in flight is safe: outputs still come', 1, async (client) => {
  const executable = await client.compile(powers(256, 200))
  const identity = Float32Array.from({ length: 256 * 256 }, (_, i) => (i % 257 === 0 ? 1 : 0))
  const x = client.upload(identity, 'f32', [256, 256])
  const run = executable.execute([[x]])
  const [[output]] = run.outputs
  executable.dispose()
  x.dispose()
  const bytes = output.download()
  output.dispose()
  assert.equal(f32(await bytes)[257], 1)
  await run.done
  assert.deepEqual(liveHandles(), { ...noHandles, client: 1 })
})

testWithClient('out of memory: the download and `done` fail, and ignoring both crashes nothing', 1, async (client) => {
  const executable = await client.compile(sortOf(2 ** 44))
  const x = client.upload(new Float32Array(1), 'f32', [])
  const message = /Out of memory allocating 70368744\d+ bytes/
  const wanted = { name: 'PjrtError', code: 'RESOURCE_EXHAUSTED', message }
  await assert.rejects(executable.execute([[x]]).outputs[0][0].download(), { ...wanted, entry: 'Buffer_ToHostBuffer' })
  await assert.rejects(executable.execute([[x]]).done, { ...wanted, entry: 'LoadedExecutable_Execute' })
  executable.execute([[x]])
  void executable.execute([[x]]).done
  await sleep(10)
})

for (const [dp, tp] of [
  [2, 2],
  [4, 2],
]) {
  testWithClient(`a Shardy program on ${dp * tp} devices, donating, in either order`, dp * tp, async (client) => {
    const count = dp * tp
    for (const deviceAssignment of [undefined, client.devices.map(({ id }) => id).reverse()]) {
      const executable = await client.compile(shardedStep(dp, tp), { partitions: count, deviceAssignment })
      assert.deepEqual(
        executable.devices.map(({ id }) => id),
        deviceAssignment ?? client.devices.map(({ id }) => id),
      )
      assert.deepEqual(
        executable.parameters.map(({ shape }) => shape),
        [
          [16 / dp, 16],
          [16, 32 / tp],
        ],
      )
      let rows = executable.devices.map((device) => [
        client.upload(new Float32Array(256 / dp).fill(1), 'f32', [16 / dp, 16], device),
        client.upload(new Float32Array(512 / tp).fill(2), 'f32', [16, 32 / tp], device),
      ])
      for (let step = 1; step <= 20; step++) {
        const run = executable.execute(rows)
        for (const [sum] of run.outputs) assert.deepEqual(await download(sum), [16 * 16 * 32 * 2 ** step])
        rows = rows.map(([x], row) => [x, run.outputs[row][1]])
      }
    }
  })
}

testWithClient('multi-device programs started one after the other without waiting', 8, async (client) => {
  const executable = await client.compile(shardedStep(4, 2), { partitions: 8 })
  let rows = executable.devices.map((device) => [
    client.upload(new Float32Array(64).fill(1), 'f32', [4, 16], device),
    client.upload(new Float32Array(256).fill(1), 'f32', [16, 16], device),
  ])
  let last
  for (let step = 0; step < 30; step++) {
    last = executable.execute(rows)
    rows = rows.map(([x], row) => [x, last!.outputs[row][1]])
  }
  assert.deepEqual(await download(last!.outputs[7][0]), [16 * 16 * 32 * 2 ** 29])
})

test('2,000 runs with donation grow neither memory nor the number of native objects', async () => {
  const client = await Client.create(loadPlugin(pluginPath), { cpu_device_count: 1 })
  const executable = await client.compile(addInPlace)
  const y = six(client, 1)
  let x = six(client, 0)
  const step = async () => {
    const run = executable.execute([[x, y]])
    await run.done
    x = run.outputs[0][0]
  }
  for (let i = 0; i < 500; i++) await step()
  const before = process.memoryUsage().rss
  for (let i = 0; i < 2000; i++) await step()
  const grown = process.memoryUsage().rss - before
  assert.ok(grown < 16e6, `resident memory grew by ${grown} bytes`)
  assert.deepEqual(liveHandles(), { ...noHandles, client: 1, executable: 1, program: 1, buffer: 2 })
  assert.deepEqual(await download(x), Array(6).fill(2500))
  await client.close()
  assert.deepEqual(liveHandles(), noHandles)
})

testWithClient('buffers that nobody holds any more are freed by the garbage collector', 1, async (client) => {
  for (let i = 0; i < 50; i++) six(client, i)
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 20 && liveHandles().buffer > 1; i++) {
    collect()
    await sleep(5)
  }
  assert.ok(liveHandles().buffer <= 1, `${liveHandles().buffer} buffers are alive`)
})
