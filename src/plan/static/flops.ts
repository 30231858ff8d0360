import { axisSize, type Mesh } from '../../mesh/index.js'
import { forEachOperation, type PlacedProgram, type PlacedOperation } from './placed-program.js'

/**
 * Floating-point operations of the products in a program: in total without repetition (`whole`), and on one device as the
 * mesh splits it. A multiplication with its addition counts as 2.
 */
export function programFlops(program: PlacedProgram, mesh: Mesh): { whole: number; device: number } {
  let whole = 0
  let device = 0
  forEachOperation(program, (step, times) => {
    whole += times * wholeFlops(step)
    device += times * deviceFlops(step, mesh)
  })
  return { whole, device }
}

/** Of one operation, on one device. */
export function deviceFlops(step: PlacedOperation, mesh: Mesh): number {
  const axes = new Set([...step.inputs, ...step.outputs].flatMap((x) => x.axes))
  return wholeFlops(step) / [...axes].reduce((product, axis) => product * axisSize(mesh, axis), 1)
}

function wholeFlops({ node, inputs, outputs: [out] }: PlacedOperation): number {
  return node.primitive.traits.flops?.(node.attributes, inputs, out) ?? 0
}
