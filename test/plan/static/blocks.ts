import { parsePlacement, type Placement } from '../../../src/mesh/index.js'
import { layProgram, type Block } from '../../../src/plan/static/blocks.js'
import { plainBytes } from '../../../src/plan/static/tiles.js'
import { trace, type Role, type Spec } from '../../../src/tensor/index.js'

/** A function laid over a mesh of x:4,y:2. */
export function laid(
  f: (...inputs: any[]) => unknown,
  specs: readonly Spec[],
  layout: string,
  options: { parameterLayout?: string; roles?: readonly Role[] } = {},
): { block: Block; placement: Placement } {
  const placement = parsePlacement('x:4,y:2', layout, options.parameterLayout)
  const { program } = trace(f, specs)
  const roles = options.roles ?? specs.map(() => 'computation' as const)
  return { block: layProgram(program, placement, roles, plainBytes), placement }
}
