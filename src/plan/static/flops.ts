import { axisSize, type Mesh } from '../../mesh/index.js'
import { sizeOf, type AttributesOf } from '../../tensor/index.js'
import { eachStep, type Block, type Step } from './blocks.js'

/**
 * Floating-point operations of the products in a program: on all devices together if each did a different part of the work
 * (`whole`), and on one device as the mesh splits it. 2 for each multiplication with its addition.
 */
export function programFlops(block: Block, mesh: Mesh): { whole: number; device: number } {
  let whole = 0
  let device = 0
  eachStep(block, (step, times) => {
    if (step.node.name !== 'dot') return
    const flops = times * dotFlops(step)
    whole += flops
    device += flops / axesIn(step).reduce((product, axis) => product * axisSize(mesh, axis), 1)
  })
  return { whole, device }
}

function dotFlops({ node, inputs: [a], outputs: [out] }: Step): number {
  const { contract } = node.attributes as AttributesOf<'dot'>
  return 2 * sizeOf(out.dims) * contract[0].reduce((product, axis) => product * a.dims[axis].size, 1)
}

/** Axes that split any dim of a step's tensors. */
export function axesIn({ inputs, outputs }: Step): string[] {
  return [...new Set([...inputs, ...outputs].flatMap(({ axes }) => axes.filter((axis) => axis !== null)))]
}
