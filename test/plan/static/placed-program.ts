import { parsePlacement, type Placement } from '../../../src/mesh/index.js'
import { placeProgram, type PlacedProgram } from '../../../src/plan/static/placed-program.js'
import { plainBytes } from '../../../src/plan/static/tiles.js'
import { trace, type Role, type Spec } from '../../../src/tensor/index.js'

/** A function laid over a mesh of x:4,y:2. */
export function laid(
  f: (...inputs: any[]) => unknown,
  specs: readonly Spec[],
  layout: string,
  options: { parameterLayout?: string; roles?: readonly Role[] } = {},
): { program: PlacedProgram; placement: Placement } {
  const placement = parsePlacement('x:4,y:2', layout, options.parameterLayout)
  const { program } = trace(f, specs)
  const roles = options.roles ?? specs.map(() => 'computation' as const)
  return { program: placeProgram(program, placement, roles, plainBytes), placement }
}
