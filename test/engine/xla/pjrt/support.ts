/** What the tests of this room share: the CPU plugin, clients that are closed, small programs. */
import { test } from 'node:test'
import { findPlugin } from '../../../../src/engine/xla/discovery.js'
import { Client, loadPlugin, type Buffer } from '../../../../src/engine/xla/pjrt/index.js'

export const pluginPath = findPlugin('cpu').path

/** A test with a client of so many virtual devices, closed after it. */
export function testWithClient(name: string, devices: number, body: (client: Client) => Promise<void>): void {
  void test(name, async () => {
    const client = await Client.create(loadPlugin(pluginPath), { cpu_device_count: devices })
    try {
      await body(client)
    } finally {
      await client.close()
    }
  })
}

export const f32 = (bytes: Uint8Array) => [...new Float32Array(bytes.buffer)]
export const download = async (buffer: Buffer) => f32(await buffer.download())

/** x + y of f32[2,3], into the memory of x. */
export const addInPlace = `func.func public @main(
    %x: tensor<2x3xf32> {tf.aliasing_output = 0 : i32}, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %sum = stablehlo.add %x, %y : tensor<2x3xf32>
  func.return %sum : tensor<2x3xf32>
}`

/** x multiplied by itself so many times, f32[size,size]: takes a while on purpose. */
export const powers = (size: number, times: number) => {
  const square = `tensor<${size}x${size}xf32>`
  return `func.func public @main(%x: ${square}) -> ${square} {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %times = stablehlo.constant dense<${times}> : tensor<i32>
  %r:2 = "stablehlo.while"(%zero, %x) ({
    ^bb0(%i: tensor<i32>, %y: ${square}):
    %more = stablehlo.compare LT, %i, %times : (tensor<i32>, tensor<i32>) -> tensor<i1>
    "stablehlo.return"(%more) : (tensor<i1>) -> ()
  }, {
    ^bb0(%i: tensor<i32>, %y: ${square}):
    %next = stablehlo.add %i, %one : tensor<i32>
    %z = stablehlo.dot_general %y, %x, contracting_dims = [1] x [0] : (${square}, ${square}) -> ${square}
    "stablehlo.return"(%next, %z) : (tensor<i32>, ${square}) -> ()
  }) : (tensor<i32>, ${square}) -> (tensor<i32>, ${square})
  func.return %r#1 : ${square}
}`
}

/** An element of `count` sorted values: needs all of them in memory at once. */
export const sortOf = (count: number) => `func.func public @main(%x: tensor<f32>) -> tensor<1xf32> {
  %i = stablehlo.iota dim = 0 : tensor<${count}xf32>
  %b = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<f32>) -> tensor<${count}xf32>
  %values = stablehlo.multiply %i, %b : tensor<${count}xf32>
  %sorted = "stablehlo.sort"(%values) ({
    ^bb0(%p: tensor<f32>, %q: tensor<f32>):
    %greater = stablehlo.compare GT, %p, %q : (tensor<f32>, tensor<f32>) -> tensor<i1>
    "stablehlo.return"(%greater) : (tensor<i1>) -> ()
  }) {dimension = 0 : i64, is_stable = false} : (tensor<${count}xf32>) -> tensor<${count}xf32>
  %one = stablehlo.slice %sorted [5:6] : (tensor<${count}xf32>) -> tensor<1xf32>
  func.return %one : tensor<1xf32>
}`

/**
 * The sum of x w (f32[16,16] by f32[16,32]) over a mesh of dp by tp devices, and 2 w in the memory of w: rows of x
 * are split over dp, columns of w over tp.
 */
export const shardedStep = (dp: number, tp: number) => `module @step attributes {
    mhlo.num_partitions = ${dp * tp} : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @mesh = <["dp"=${dp}, "tp"=${tp}]>
  func.func public @main(
      %x: tensor<16x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"dp"}, {}]>},
      %w: tensor<16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"tp"}]>, tf.aliasing_output = 1 : i32})
      -> (tensor<f32> {sdy.sharding = #sdy.sharding<@mesh, []>},
          tensor<16x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {"tp"}]>}) {
    %product = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
        : (tensor<16x16xf32>, tensor<16x32xf32>) -> tensor<16x32xf32>
    %zero = stablehlo.constant dense<0.0> : tensor<f32>
    %sum = "stablehlo.reduce"(%product, %zero) ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.add %a, %b : tensor<f32>
      "stablehlo.return"(%c) : (tensor<f32>) -> ()
    }) {dimensions = array<i64: 0, 1>} : (tensor<16x32xf32>, tensor<f32>) -> tensor<f32>
    %twice = stablehlo.add %w, %w : tensor<16x32xf32>
    func.return %sum, %twice : tensor<f32>, tensor<16x32xf32>
  }
}`

/** What `liveHandles` gives when all is freed. */
export const noHandles = { client: 0, topology: 0, executable: 0, program: 0, buffer: 0, event: 0 }
