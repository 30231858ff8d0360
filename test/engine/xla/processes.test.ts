/**
 * A program for devices of two processes, tried out with one that has all of them: each process makes arrays on its own
 * devices, from its own rows of the data; together these are what one process makes.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { DeviceArray, EngineError, jit, openXla, type XlaEngine } from '../../../src/engine/index.js'
import { XlaStorage } from '../../../src/engine/xla/storage.js'
import { parsePlacement } from '../../../src/mesh/index.js'
import { dim, einsum, gradients, sizeOf, type Dim, type Tensor } from '../../../src/tensor/index.js'
import { numbers } from '../../tensor/check.js'

const engine = openXla({ deviceCount: 8 })
after(async () => (await engine).close())

const [batch, embd, heads] = [dim('batch', 8), dim('embd', 6), dim('heads', 4)]
const inputs: [dims: Dim[], role: 'computation' | 'parameters'][] = [
  [[batch, embd], 'computation'],
  [[embd, heads], 'parameters'],
]
const next = numbers(7)
const data = inputs.map(([dims]) => Float32Array.from({ length: sizeOf(dims) }, () => next() - 0.5))

const step = (x: Tensor, w: Tensor): Tensor[] => {
  const y = einsum([x, w], [batch, heads]).tanh() as Tensor
  const loss = y.square().mean(batch, heads) as Tensor
  return [loss, y, ...gradients([loss], [loss.mul(0).add(1) as Tensor], [w])] as Tensor[]
}

const storageOf = (array: DeviceArray) => array.use('the test') as XlaStorage

/** What the processes hold, as one array. */
function joined(on: XlaEngine, parts: readonly DeviceArray[]): DeviceArray {
  const storages = parts.map(storageOf)
  const [{ dims, dtype, mesh, axes }] = storages
  const buffers = Array.from({ length: mesh.size }, (_, device) =>
    storages.map((x) => x.buffers[device]).find(Boolean)!,
  )
  return new DeviceArray(on, dims, dtype, new XlaStorage(buffers, dims, dtype, mesh, axes))
}

/** The array as a process sees it. */
function seenBy(array: DeviceArray, devices: readonly number[]): DeviceArray {
  const { buffers, dims, dtype, mesh, axes } = storageOf(array)
  const own = buffers.map((buffer, device) => (devices.includes(device) ? buffer : null))
  return new DeviceArray(array.engine, dims, dtype, new XlaStorage(own, dims, dtype, mesh, axes))
}

for (const [mesh, layout, processes] of [
  [
    'x:8',
    'batch:x',
    [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ],
  ],
  [
    'x:4,y:2',
    'batch:x,heads:y',
    [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ],
  ],
  [
    'x:4,y:2',
    'batch:x,heads:y',
    [
      [0, 3, 5],
      [1, 2],
      [4, 6, 7],
    ],
  ],
  [
    'x:2,y:4',
    'batch:x,heads:y',
    [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ],
  ],
] as [string, string, number[][]][])
  test(`${processes.length} processes on ${mesh} by ${layout}: each feeds its own rows to its own devices`, async () => {
    const all = (await engine).withPlacement(parsePlacement(mesh, layout))
    const program = jit(all, step)
    const whole = inputs.map(([dims, role], i) => DeviceArray.from(all, data[i], dims, 'f32', role))
    const wanted = (await program(...(whole as [any, any]))) as DeviceArray[]

    const views = processes.map((devices) => all.asProcess(devices))
    const parts = views.map((view) =>
      inputs.map(([dims, role], i) => {
        const own = data[i].slice()
        const rows = view.localRows(dims)
        const width = own.length / dims[0].size
        // What others feed is not known here. (Parameters are drawn on the devices, or read from a checkpoint.)
        if (role === 'computation')
          for (let row = 0; row < dims[0].size; row++) if (!rows.has(row)) own.fill(NaN, row * width, (row + 1) * width)
        return DeviceArray.from(view, own, dims, 'f32', role)
      }),
    )
    const together = inputs.map((_, i) =>
      joined(
        all,
        parts.map((arrays) => arrays[i]),
      ),
    )
    const found = (await program(...(together as [any, any]))) as DeviceArray[]
    for (const [i, array] of found.entries()) assert.deepEqual(await array.read(), await wanted[i].read())

    const [loss, y] = found
    for (const devices of processes) {
      assert.equal(await seenBy(loss, devices).readScalar(), await wanted[0].readScalar(), 'every process has the loss')
      await assert.rejects(seenBy(y, devices).read(), (error) => {
        assert.ok(error instanceof EngineError)
        assert.match(
          error.message,
          /^the part of f32 \[batch 8, heads 4\] on device \d must be read by the process that has it$/,
        )
        return true
      })
    }
    await assert.rejects(
      async () => program(...(parts[0] as [any, any])),
      /: argument 0 must have a part on device \d \(got one made by another process\)/,
    )
  })
