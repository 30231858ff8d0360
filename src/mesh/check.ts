import { bodiesOf, sourceLocation, showDims, type Dim, type Node, type Program, type Role } from '../tensor/index.js'
import { axisSize, type Layout, type Placement } from './placement.js'
import { refuseIndivisible } from './refusals.js'
import { rolesOf } from './roles.js'

export interface Findings {
  /** Why the program cannot follow the layout, one line each. */
  readonly problems: readonly string[]
  /** Rules that have no effect, one line each. */
  readonly warnings: readonly string[]
}

export interface CheckOptions {
  /** Roles of the program's inputs. @default all computation */
  readonly roles?: readonly Role[]
  /** Names of the program's inputs, for messages. */
  readonly names?: readonly string[]
}

/** A tensor of the program, with a description for messages. */
interface Seen {
  readonly dims: readonly Dim[]
  readonly role: Role
  readonly shown: () => string
  /** Whether a dim was given, so that its size must fit, rather than sliced from another tensor's. */
  readonly strict: (dim: Dim) => boolean
}

/**
 * Checks that every tensor of a program, in bodies too, can follow a layout: no two dims of one on the same axis, and
 * sizes that the axes divide. Mesh TensorFlow has the same rules, but checks them tensor by tensor while it builds.
 * A dim sliced from another, such as a tile of queries, may have any size: it is replicated where the axis does not
 * divide it.
 */
export function checkPlacement(program: Program, placement: Placement, options: CheckOptions = {}): Findings {
  const { mesh, layout, parameterLayout } = placement
  const found = new Map<string, string>()
  const note = (key: string, text: () => string) => found.has(key) || found.set(key, text())
  const names = new Set<string>()
  visit(program, options, ({ dims, role, shown, strict }) => {
    const rules = role === 'parameters' ? parameterLayout : layout
    const taken = new Map<string, string>()
    for (const dim of dims) {
      names.add(dim.name)
      const axis = rules.get(dim.name)
      const parts = axisSize(mesh, axis)
      if (axis === undefined || parts === 1) continue
      const other = taken.get(axis)
      if (other !== undefined)
        note(`${axis} ${[other, dim.name].sort()}`, () => conflict(axis, other, dim.name, shown(), rules, placement))
      taken.set(axis, dim.name)
      if (dim.size % parts !== 0 && strict(dim))
        note(`${dim.name} ${dim.size}`, () => refuseIndivisible('layout', dim, axis, parts, shown()))
    }
  })
  return { problems: [...found.values()], warnings: idle(placement, names) }
}

function conflict(axis: string, a: string, b: string, shown: string, rules: Layout, { layout }: Placement): string {
  const key = [a, b].every((dim) => layout.get(dim) === rules.get(dim)) ? 'layout' : 'parameter_layout'
  return (
    `${key}: dims "${a}" and "${b}" must not both be split over axis "${axis}", since ${shown} has both. ` +
    `Split one of them over another axis, or leave out "${a}:${axis}" or "${b}:${axis}".`
  )
}

/** Rules for dims that no tensor has, and axes that split no dim, whose devices repeat the same work. */
function idle({ mesh, layout, parameterLayout }: Placement, names: ReadonlySet<string>): string[] {
  const rules = [...new Map([...parameterLayout, ...layout])]
  const unused = rules
    .filter(([dim]) => !names.has(dim))
    .map(([dim, axis]) => `layout: "${dim}:${axis}" has no effect: no tensor of this model has a dim "${dim}"`)
  const used = new Set(rules.filter(([dim]) => names.has(dim)).map(([, axis]) => axis))
  const idleAxes = mesh.axes
    .filter(({ name, size }) => size > 1 && !used.has(name))
    .map(({ name, size }) => `mesh_shape: axis "${name}" splits nothing: its ${size} devices repeat the same work`)
  return [...unused, ...idleAxes]
}

function visit(program: Program, { roles, names }: CheckOptions, see: (tensor: Seen) => void): void {
  program.inputs.forEach((x, i) =>
    see({
      dims: x.dims,
      role: roles?.[i] ?? 'computation',
      shown: () => `${names?.[i] ?? `input ${i}`} ${showDims(x.dims)}`,
      strict: () => true,
    }),
  )
  visitOperations(program, roles ?? program.inputs.map(() => 'computation'), see)
}

function visitOperations(program: Program, inputs: readonly Role[], see: (tensor: Seen) => void): void {
  const roles = new Map<unknown, Role>(program.inputs.map((x, i) => [x, inputs[i]]))
  for (const node of program.operations) {
    const { outputs, body } = rolesOf(
      node,
      node.inputs.map((x) => roles.get(x)!),
    )
    // Bodies first: they have the source line of what a scan returns.
    for (const inside of bodiesOf(node)) visitOperations(inside, body, see)
    for (const [i, y] of node.outputs.entries()) {
      roles.set(y, outputs[i])
      see({ dims: y.dims, role: outputs[i], shown: () => describe(node, y.dims), strict: (dim) => gives(node, dim) })
    }
  }
}

/** Whether an operation is what gave its result a dim of this size. */
function gives(node: Node, { name, size }: Dim): boolean {
  return (
    !node.primitive.traits.resizes &&
    !node.inputs.some((x) => x.dims.some((dim) => dim.name === name && dim.size === size))
  )
}

function describe(node: Node, dims: readonly Dim[]): string {
  const location = sourceLocation(node.callSite)
  return `the result of ${node.name} ${showDims(dims)}${location && ` at ${location}`}`
}
