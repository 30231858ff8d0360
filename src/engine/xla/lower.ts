import { checkPlacement, type Placement } from '../../mesh/index.js'
import type { Program, Role } from '../../tensor/index.js'
import { trace, type Traced } from '../../tensor/transforms.js'
import { aliasesOf, namesOf, rolesOfArguments, type JitOptions } from '../jit.js'
import { printLaidOut, type Printed } from './stablehlo.js'

export interface LowerOptions extends JitOptions {
  readonly placement?: Placement | null
}

/** A program as XLA takes it, before compilation. */
export interface Lowered {
  readonly program: Program
  /** For each input the output that takes over its memory, or null. */
  readonly aliases: readonly (number | null)[]
  /** Roles and names of the program's inputs. */
  readonly roles: readonly Role[]
  readonly names: readonly string[]
  /** Number of devices that it is for. */
  readonly partitions: number
  /** Why the layout is not possible, and rules of it that have no effect; one line each. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** The program's text, and how inputs and outputs are split. */
  print(): Printed
}

/**
 * Traces `f` on trees of `spec(...)`, for a mesh if there is a placement. Nothing is compiled, so the
 * devices need not exist.
 */
export function lower(
  f: (...args: any[]) => unknown,
  specs: readonly unknown[],
  { donate = [], parameterArgs = [], name = f.name || 'program', placement = null }: LowerOptions = {},
): Lowered {
  const { program }: Traced<unknown> = trace(f, specs, name)
  const roles = rolesOfArguments(specs, parameterArgs)
  const names = namesOf(specs)
  const found = placement ? checkPlacement(program, placement, { roles, names }) : { problems: [], warnings: [] }
  const aliases = aliasesOf(program, specs, donate)
  const print = () => printLaidOut(program, { aliases, placement, roles })
  return { ...found, program, aliases, roles, names, partitions: placement?.mesh.size ?? 1, print }
}
