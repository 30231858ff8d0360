/**
 * The text that XLA gets, whole. Each golden says what it guards; a change of it invalidates every compile cache, and may
 * change speed and numbers, so it has to be meant.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lower } from '../../../src/engine/xla/lower.js'
import { moduleName, printStableHlo } from '../../../src/engine/xla/stablehlo.js'
import { parsePlacement } from '../../../src/mesh/index.js'
import { dim, einsum, grad, relayout, scan, spec, total, trace, type Tensor } from '../../../src/tensor/index.js'

const batch = dim('batch', 2),
  embd = dim('embd', 3),
  heads = dim('heads', 4),
  layers = dim('layers', 5)
const product = (x: Tensor<'batch' | 'embd'>, w: Tensor<'embd' | 'heads'>) => einsum([x, w], [batch, heads])

test('a dot whose summed dims are last is one dot_general, without a transpose', () => {
  const { program } = trace(product, [spec([batch, embd]), spec([heads, embd])], 'dot')
  const text = `\
module @dot {
  func.func public @main(%arg0: tensor<2x3xf32>, %arg1: tensor<4x3xf32>) -> (tensor<2x4xf32>) {
    %0 = "stablehlo.dot_general"(%arg0, %arg1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
    "func.return"(%0) : (tensor<2x4xf32>) -> ()
  }
}
`
  assert.equal(printStableHlo(program), text)
  assert.equal(printStableHlo(program, { physical: true }), text)
})

test('on a CPU an operand whose summed dims are first is transposed in memory, behind a barrier', () => {
  const { program } = trace(product, [spec([embd, batch]), spec([embd, heads])], 'dot')
  assert.equal(
    printStableHlo(program, { physical: true }),
    `\
module @dot {
  func.func public @main(%arg0: tensor<3x2xf32>, %arg1: tensor<3x4xf32>) -> (tensor<2x4xf32>) {
    %0 = "stablehlo.transpose"(%arg0) {permutation = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
    %1 = "stablehlo.reshape"(%0) : (tensor<2x3xf32>) -> tensor<6xf32>
    %2 = "stablehlo.optimization_barrier"(%1) : (tensor<6xf32>) -> (tensor<6xf32>)
    %3 = "stablehlo.reshape"(%2) : (tensor<6xf32>) -> tensor<2x3xf32>
    %4 = "stablehlo.dot_general"(%3, %arg1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
    "func.return"(%4) : (tensor<2x4xf32>) -> ()
  }
}
`,
  )
})

test('on a CPU a row in bf16 is repeated and multiplied as columns, so that its matrix comes first', () => {
  const [one, words] = [dim('batch', 1), dim('words', 32)]
  const scores = (x: Tensor<'batch' | 'embd'>, w: Tensor<'words' | 'embd'>) => einsum([x, w], [one, words])
  const { program } = trace(scores, [spec([one, embd], 'bf16'), spec([words, embd], 'bf16')], 'dot')
  const text = printStableHlo(program, { physical: true })
  assert.match(text, /"stablehlo.concatenate"\((%arg0(, )?){16}\).* -> tensor<16x3xbf16>/)
  assert.match(text, /"stablehlo.dot_general"\(%arg1, %0\).* -> tensor<32x16xf32>/)
  assert.match(text, /"stablehlo.convert"\(%\d+\) : \(tensor<1x32xf32>\) -> tensor<1x32xbf16>/)
})

test('a scan is a while loop that carries the counter and what changes; what it scans stays outside', () => {
  const multiplied = (x: Tensor<'batch'>, w: Tensor) => scan(layers, x, w, (h, wi) => [h.mul(wi) as typeof h, []])[0]
  const { program } = trace(multiplied, [spec([batch]), spec([layers, batch])], 'scan')
  assert.equal(
    printStableHlo(program, { aliases: [0, null] }),
    `\
module @scan {
  func.func public @main(%arg0: tensor<2xf32> {tf.aliasing_output = 0 : i32}, %arg1: tensor<5x2xf32>) -> (tensor<2xf32>) {
    %0 = "stablehlo.constant"() {value = dense<0> : tensor<i32>} : () -> tensor<i32>
    %1:2 = "stablehlo.while"(%0, %arg0) ({
      ^bb0(%2: tensor<i32>, %3: tensor<2xf32>):
      %4 = "stablehlo.constant"() {value = dense<5> : tensor<i32>} : () -> tensor<i32>
      %5 = "stablehlo.compare"(%2, %4) {comparison_direction = #stablehlo<comparison_direction LT>} : (tensor<i32>, tensor<i32>) -> tensor<i1>
      "stablehlo.return"(%5) : (tensor<i1>) -> ()
    }, {
      ^bb0(%6: tensor<i32>, %7: tensor<2xf32>):
      %8 = "stablehlo.constant"() {value = dense<4> : tensor<i32>} : () -> tensor<i32>
      %9 = "stablehlo.constant"() {value = dense<0> : tensor<i32>} : () -> tensor<i32>
      %10 = "stablehlo.dynamic_slice"(%arg1, %6, %9) {slice_sizes = array<i64: 1, 2>} : (tensor<5x2xf32>, tensor<i32>, tensor<i32>) -> tensor<1x2xf32>
      %11 = "stablehlo.reshape"(%10) : (tensor<1x2xf32>) -> tensor<2xf32>
      %12 = "stablehlo.multiply"(%7, %11) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      %13 = "stablehlo.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
      %14 = "stablehlo.add"(%6, %13) : (tensor<i32>, tensor<i32>) -> tensor<i32>
      "stablehlo.return"(%14, %12) : (tensor<i32>, tensor<2xf32>) -> ()
    }) : (tensor<i32>, tensor<2xf32>) -> (tensor<i32>, tensor<2xf32>)
    "func.return"(%1#1) : (tensor<2xf32>) -> ()
  }
}
`,
  )
})

test('a step on a mesh: parameters are gathered for the product, their gradient scattered, the update stays split', () => {
  const [batch, embd, vocab] = [dim('batch', 8), dim('embd', 4), dim('vocab', 6)]
  const step = (w: Tensor<'embd' | 'vocab'>, x: Tensor<'batch' | 'embd'>) => {
    const loss = (w: Tensor<'embd' | 'vocab'>) =>
      total(einsum([x, relayout(w, 'computation')], [batch, vocab]).square())
    return w.sub(grad(loss)(w).mul(0.5))
  }
  const placement = parsePlacement('x:4,y:2', 'batch:x,vocab:y', 'embd:x')
  const lowered = lower(step, [spec([embd, vocab]), spec([batch, embd])], {
    placement,
    donate: [0],
    parameterArgs: [0],
    name: 'step',
  })
  assert.deepEqual([lowered.problems, lowered.warnings], [[], []])
  const { text, inputs, outputs } = lowered.print()
  assert.deepEqual(inputs, [
    ['x', 'y'],
    ['x', null],
  ])
  assert.deepEqual(outputs, [['x', 'y']])
  assert.equal(
    text,
    `\
module @step attributes {mhlo.num_partitions = 8 : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @mesh = <["x"=4, "y"=2]>
  func.func public @main(%arg0: tensor<4x6xf32> {tf.aliasing_output = 0 : i32, sdy.sharding = #sdy.sharding<@mesh, [{"x"}, {"y"}]>}, %arg1: tensor<8x4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"x"}, {}]>}) -> (tensor<4x6xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"x"}, {"y"}]>}) {
    %0 = sdy.sharding_constraint %arg0 <@mesh, [{}, {"y"}]> : tensor<4x6xf32>
    %1 = "stablehlo.dot_general"(%arg1, %0) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>} : (tensor<8x4xf32>, tensor<4x6xf32>) -> tensor<8x6xf32>
    %2 = sdy.sharding_constraint %1 <@mesh, [{"x"}, {"y"}]> : tensor<8x6xf32>
    %3 = "stablehlo.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
    %4 = "stablehlo.broadcast_in_dim"(%3) {broadcast_dimensions = array<i64>} : (tensor<f32>) -> tensor<8x6xf32>
    %5 = "stablehlo.multiply"(%4, %2) : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<8x6xf32>
    %6 = "stablehlo.multiply"(%4, %2) : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<8x6xf32>
    %7 = "stablehlo.add"(%5, %6) : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<8x6xf32>
    %8 = "stablehlo.dot_general"(%arg1, %7) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>} : (tensor<8x4xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
    %9 = sdy.sharding_constraint %8 <@mesh, [{}, {"y"}]> : tensor<4x6xf32>
    %10 = sdy.sharding_constraint %9 <@mesh, [{"x"}, {"y"}]> : tensor<4x6xf32>
    %11 = "stablehlo.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
    %12 = "stablehlo.broadcast_in_dim"(%11) {broadcast_dimensions = array<i64>} : (tensor<f32>) -> tensor<4x6xf32>
    %13 = "stablehlo.multiply"(%10, %12) : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
    %14 = "stablehlo.subtract"(%arg0, %13) : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
    "func.return"(%14) : (tensor<4x6xf32>) -> ()
  }
}
`,
  )
})

test('the name of a module is an identifier of MLIR, whatever the program is called', () => {
  const names = {
    '1st': 'program_1st',
    '': 'program',
    '-': '_',
    'a b': 'a_b',
    é: '_',
    train_step: 'train_step',
    _1: '_1',
  }
  for (const [name, wanted] of Object.entries(names)) assert.equal(moduleName(name), wanted)
})
