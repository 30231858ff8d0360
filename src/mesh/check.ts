import { bodiesOf, placeOf, showDims, type Dim, type Node, type Program, type Role } from '../tensor/index.js'
import { divisorsOf } from './divisors.js'
import { axisSize, type Layout, type Mesh, type Placement } from './placement.js'
import { rolesOf } from './roles.js'

export interface Findings {
  /** Why the program cannot be laid out so, one line each. */
  readonly problems: readonly string[]
  /** What has no effect, one line each. */
  readonly warnings: readonly string[]
}

export interface CheckOptions {
  /** Roles of the program's inputs. @default all computation */
  readonly roles?: readonly Role[]
  /** Names of the program's inputs, for people. */
  readonly names?: readonly string[]
}

/** A tensor of the program, as people may be told of it. */
interface Seen {
  readonly dims: readonly Dim[]
  readonly role: Role
  readonly shown: () => string
  /** Whether its dims were given, so that their sizes must fit; not cut from those of other tensors. */
  readonly strict: (own: Dim) => boolean
}

/**
 * Looks whether every tensor of a program, in bodies too, can be laid out so: no two dims of one on the same axis, and
 * sizes that the axes divide. Mesh TensorFlow has the same rules, but meets them tensor by tensor while it builds.
 * A dim cut from another, such as a block of queries, may be of any size: it is whole on every device where it does
 * not fit.
 */
export function checkPlacement(program: Program, placement: Placement, options: CheckOptions = {}): Findings {
  const { mesh, layout, parameterLayout } = placement
  const found = new Map<string, string>()
  const note = (key: string, text: () => string) => found.has(key) || found.set(key, text())
  const names = new Set<string>()
  visit(program, options, ({ dims, role, shown, strict }) => {
    const rules = role === 'parameters' ? parameterLayout : layout
    const taken = new Map<string, string>()
    for (const own of dims) {
      names.add(own.name)
      const axis = rules.get(own.name)
      const parts = axisSize(mesh, axis)
      if (axis === undefined || parts === 1) continue
      const other = taken.get(axis)
      if (other !== undefined)
        note(`${axis} ${[other, own.name].sort()}`, () => conflict(axis, other, own.name, shown(), rules, placement))
      taken.set(axis, own.name)
      if (own.size % parts !== 0 && strict(own))
        note(`${own.name} ${own.size}`, () => indivisible(own, axis, mesh, shown()))
    }
  })
  return { problems: [...found.values()], warnings: idle(placement, names) }
}

function conflict(axis: string, a: string, b: string, shown: string, rules: Layout, { layout }: Placement): string {
  const key = [a, b].every((dim) => layout.get(dim) === rules.get(dim)) ? 'layout' : 'parameter_layout'
  return (
    `${key}: dims "${a}" and "${b}" are both split over axis "${axis}", and ${shown} has both: ` +
    `split one of them over another axis, or leave out "${a}:${axis}" or "${b}:${axis}"`
  )
}

function indivisible({ name, size }: Dim, axis: string, mesh: Mesh, shown: string): string {
  const parts = axisSize(mesh, axis)
  return (
    `layout: dim "${name}" of ${size} cannot be split over axis "${axis}" of ${parts}, which does not divide it, in ` +
    `${shown}: a size of ${whatWouldDo(size, parts)}, or leave out "${name}:${axis}"`
  )
}

/** Sizes near this one that so many parts divide, and numbers of parts that divide it: `8 would do, or an axis of 2`. */
export function whatWouldDo(size: number, parts: number): string {
  const below = Math.floor(size / parts) * parts
  const sizes = below > 0 ? `${below} or ${below + parts}` : String(parts)
  const fitting = divisorsOf(size).filter((n) => n > 1 && n < parts)
  return `${sizes} would do${fitting.length > 0 ? `, or an axis of ${fitting.slice(-3).join(' or ')}` : ''}`
}

/** Rules for dims that no tensor has, and axes that split nothing: their devices all do the same. */
function idle({ mesh, layout, parameterLayout }: Placement, names: ReadonlySet<string>): string[] {
  const rules = [...new Map([...parameterLayout, ...layout])]
  const unused = rules
    .filter(([dim]) => !names.has(dim))
    .map(([dim, axis]) => `layout: "${dim}:${axis}" has no effect: no tensor of this model has a dim "${dim}"`)
  const used = new Set(rules.filter(([dim]) => names.has(dim)).map(([, axis]) => axis))
  const idleAxes = mesh.axes
    .filter(({ name, size }) => size > 1 && !used.has(name))
    .map(({ name, size }) => `mesh_shape: axis "${name}" splits nothing: its ${size} devices all do the same work`)
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
    // Bodies first: they name the line that made what a scan gives.
    for (const inside of bodiesOf(node)) visitOperations(inside, body, see)
    for (const [i, y] of node.outputs.entries()) {
      roles.set(y, outputs[i])
      see({ dims: y.dims, role: outputs[i], shown: () => describe(node, y.dims), strict: (own) => gives(node, own) })
    }
  }
}

/** Whether an operation is what gave its result a dim of this size. */
function gives(node: Node, { name, size }: Dim): boolean {
  return (
    !node.primitive.traits.resizes &&
    !node.inputs.some((x) => x.dims.some((own) => own.name === name && own.size === size))
  )
}

function describe(node: Node, dims: readonly Dim[]): string {
  const place = placeOf(node.place)
  return `the result of ${node.name} ${showDims(dims)}${place && ` at ${place}`}`
}
