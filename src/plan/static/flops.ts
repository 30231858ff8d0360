import { axisSize, type Mesh } from '../../mesh/index.js'
import { eachStep, type Block, type Step } from './blocks.js'

/**
 * Floating-point operations of the products in a program: on all devices together if each did a different part of the work
 * (`whole`), and on one device as the mesh splits it. 2 for each multiplication with its addition.
 */
export function programFlops(block: Block, mesh: Mesh): { whole: number; device: number } {
  let whole = 0
  let device = 0
  eachStep(block, (step, times) => {
    whole += times * wholeFlops(step)
    device += times * deviceFlops(step, mesh)
  })
  return { whole, device }
}

/** Of one step, on one device. */
export function deviceFlops(step: Step, mesh: Mesh): number {
  const axes = new Set([...step.inputs, ...step.outputs].flatMap((x) => x.axes))
  return wholeFlops(step) / [...axes].reduce((product, axis) => product * axisSize(mesh, axis), 1)
}

function wholeFlops({ node, inputs, outputs: [out] }: Step): number {
  return node.primitive.traits.flops?.(node.attributes, inputs, out) ?? 0
}
