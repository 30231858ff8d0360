import { axesOf, rolesOf, shardDims, type Axes, type Placement } from '../../mesh/index.js'
import { type AttributesOf, type Dim, type DType, type Node, type Program, type Role } from '../../tensor/index.js'
import type { ArrayBytes } from './tiles.js'

/** A value as a device holds it. */
export interface Held {
  readonly dims: readonly Dim[]
  readonly dtype: DType
  readonly role: Role
  /** The axis that splits each dim. */
  readonly axes: Axes
  /** Of the part on one device. */
  readonly bytes: number
  /** The value that it is, in another role but lying where that lies. */
  readonly same?: Held
}

export interface Step {
  readonly node: Node
  readonly inputs: readonly Held[]
  readonly outputs: readonly Held[]
  /** Of a scan: one turn. */
  readonly body?: Block
}

/** A program laid over a mesh, calls taken apart; values that are but passed on are the same ones. */
export interface Block {
  readonly inputs: readonly Held[]
  readonly steps: readonly Step[]
  readonly outputs: readonly Held[]
}

/** Lays a program over a mesh. `roles` are those of its inputs, `arrayBytes` what an array takes on a device. */
export function layProgram(
  program: Program,
  placement: Placement,
  roles: readonly Role[],
  arrayBytes: ArrayBytes,
): Block {
  const hold = ({ dims, dtype }: { dims: readonly Dim[]; dtype: DType }, role: Role): Held => {
    const axes = axesOf(placement, dims, role)
    const sizes = shardDims(dims, axes, placement.mesh).map(({ size }) => size)
    return { dims, dtype, role, axes, bytes: arrayBytes(sizes, dtype) }
  }
  const lay = (inside: Program, inputs: readonly Held[]): Block => {
    const steps: Step[] = []
    const outputs = run(inside, inputs, steps)
    return { inputs, steps, outputs }
  }
  const run = (inside: Program, inputs: readonly Held[], steps: Step[]): Held[] => {
    const held = new Map<unknown, Held>(inside.inputs.map((x, i) => [x, inputs[i]]))
    for (const node of inside.operations) {
      const given = node.inputs.map((x) => held.get(x)!)
      const made = passedOn(node, given) ?? results(node, given, steps)
      node.outputs.forEach((y, i) => held.set(y, made[i]))
    }
    return inside.outputs.map((y) => held.get(y)!)
  }
  const results = (node: Node, inputs: readonly Held[], steps: Step[]): Held[] => {
    const { body: kind, placement: lies } = node.primitive.traits
    if (kind === 'inline') return run((node.attributes as AttributesOf<'call'>).body, inputs, steps)
    const { outputs: made, body: inner } = rolesOf(
      node,
      inputs.map(({ role }) => role),
    )
    const outputs = node.outputs.map((y, i) => hold(y, made[i]))
    const [x] = inputs
    if (lies === 'given' && outputs[0].axes.join() === x.axes.join()) return [{ ...outputs[0], same: x.same ?? x }]
    if (kind !== 'loop') steps.push({ node, inputs, outputs })
    else {
      const { body } = node.attributes as AttributesOf<'scan'>
      const turn = lay(
        body,
        body.inputs.map((x, i) => hold(x, inner[i])),
      )
      steps.push({ node, inputs, outputs, body: turn })
    }
    return outputs
  }
  return lay(
    program,
    program.inputs.map((x, i) => hold(x, roles[i])),
  )
}

function passedOn({ primitive: { traits } }: Node, inputs: readonly Held[]): readonly Held[] | null {
  return traits.identity && traits.placement !== 'given' ? inputs : null
}

/** Visits every step as often as it runs. */
export function eachStep(block: Block, visit: (step: Step, times: number) => void, times = 1): void {
  for (const step of block.steps) {
    visit(step, times)
    if (step.body) eachStep(step.body, visit, times * (step.node.attributes as AttributesOf<'scan'>).along.size)
  }
}
