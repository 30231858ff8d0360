import type { Computation, Instruction, WindowDim } from './module.js'
import type { Executions } from './executions.js'
import { elements } from './shapes.js'

/**
 * Floating-point operations of the products (dots, and the convolutions that TPUs make of them) in one run of the
 * program, on each device, with loop bodies counted once per iteration. A multiplication with its addition counts as 2.
 */
export function productFlops({ times }: Executions): number {
  let flops = 0
  for (const [computation, count] of times) flops += count * flopsOf(computation)
  return flops
}

/** Flops of one run of a computation, without its calls. */
export function flopsOf(computation: Computation): number {
  const products = computation.instructions.filter(({ opcode }) => opcode === 'dot' || opcode === 'convolution')
  if (products.length === 0) return 0
  const byId = new Map(computation.instructions.map((each) => [each.id, each]))
  return products.reduce((sum, each) => {
    const [lhs, rhs] = each.operands.map((id) => byId.get(id)!)
    return sum + (each.opcode === 'dot' ? dotFlops(each, lhs) : convolutionFlops(each, lhs, rhs))
  }, 0)
}

function dotFlops({ shape, dot }: Instruction, lhs: Instruction): number {
  const contracted = (dot?.lhsContracting ?? []).reduce((product, axis) => product * lhs.shape.dims[axis], 1)
  return 2 * elements(shape) * contracted
}

/** Padding at the edges and gaps of dilation take no work. */
function convolutionFlops(instruction: Instruction, input: Instruction, kernel: Instruction): number {
  const { convolution, window, batchGroups } = instruction
  if (!convolution) return 0
  const { inputBatch, inputSpatial, kernelInput, kernelOutput, outputSpatial } = convolution
  const positions = inputSpatial.reduce((product, axis, i) => {
    const outputs = instruction.shape.dims[outputSpatial[i]]
    return product * validPositions(window!.dims[i], input.shape.dims[axis], outputs)
  }, 1)
  const { dims } = kernel.shape // its input features are those of one feature group
  return (
    (2 * positions * dims[kernelInput] * dims[kernelOutput] * input.shape.dims[inputBatch]) / Math.max(1, batchGroups)
  )
}

/** Pairs of an output and a window position that read an element of the input. */
function validPositions(dim: WindowDim, inputs: number, outputs: number): number {
  const { size, stride, low, windowDilation, baseDilation } = dim
  const end = (inputs - 1) * baseDilation + 1
  let count = 0
  for (let k = 0; k < size; k++) {
    const offset = k * windowDilation - low
    if (baseDilation === 1) {
      const first = Math.max(0, Math.ceil(-offset / stride))
      const last = Math.min(outputs - 1, Math.floor((end - 1 - offset) / stride))
      count += Math.max(0, last - first + 1)
    } else {
      for (let at = offset, o = 0; o < outputs; o++, at += stride)
        if (at >= 0 && at < end && at % baseDilation === 0) count++
    }
  }
  return count
}
