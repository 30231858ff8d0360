import assert from 'node:assert/strict'
import { test } from 'node:test'
import { productFlops } from '../../../src/plan/hlo/flops.js'
import type { Computation, Instruction, WindowDim } from '../../../src/plan/hlo/module.js'

const shape = (dims: readonly number[]) => ({ type: 11, dims, parts: [], layout: null })

/** Of a convolution [batch, position, feature] by [window, feature, output]. */
function flopsOf(window: WindowDim, inputs: number, outputs: number): number {
  const parameter = (id: number, dims: readonly number[]) => ({
    id,
    opcode: 'parameter',
    shape: shape(dims),
    operands: [],
    called: [],
  })
  const convolution = {
    id: 3,
    opcode: 'convolution',
    shape: shape([2, outputs, 5]),
    operands: [1, 2],
    called: [],
    convolution: {
      inputBatch: 0,
      inputFeature: 2,
      inputSpatial: [1],
      kernelInput: 1,
      kernelOutput: 2,
      kernelSpatial: [0],
      outputSpatial: [1],
    },
    window: { dims: [window] },
    batchGroups: 1,
  }
  const instructions = [
    parameter(1, [2, inputs, 3]),
    parameter(2, [window.size, 3, 5]),
    convolution,
  ] as unknown as Instruction[]
  const computation: Computation = { id: 1, name: 'main', instructions, root: 3 }
  return productFlops({ times: new Map([[computation, 1]]), fused: new Set(), unknownLoops: [] })
}

/** Multiplications of numbers that are there, by going through them. */
function counted(
  { size, stride, low, windowDilation, baseDilation }: WindowDim,
  inputs: number,
  outputs: number,
): number {
  let pairs = 0
  for (let output = 0; output < outputs; output++)
    for (let k = 0; k < size; k++) {
      const at = output * stride + k * windowDilation - low
      if (at >= 0 && at % baseDilation === 0 && at / baseDilation < inputs) pairs++
    }
  return pairs
}

test('padding and the holes of dilation are no work', () => {
  for (const size of [1, 3, 4])
    for (const stride of [1, 2])
      for (const low of [0, 2, -1])
        for (const high of [0, 3])
          for (const windowDilation of [1, 2])
            for (const baseDilation of [1, 3]) {
              const inputs = 7
              const whole = (inputs - 1) * baseDilation + 1 + low + high
              const outputs = Math.floor((whole - ((size - 1) * windowDilation + 1)) / stride) + 1
              if (outputs < 1) continue
              const window = { size, stride, low, high, windowDilation, baseDilation }
              assert.equal(flopsOf(window, inputs, outputs), 2 * 2 * 3 * 5 * counted(window, inputs, outputs))
            }
})
