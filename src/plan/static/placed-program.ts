import { axesOf, rolesOf, shardDims, type Axes, type Placement } from '../../mesh/index.js'
import { type AttributesOf, type Dim, type DType, type Node, type Program, type Role } from '../../tensor/index.js'
import type { ArrayBytes } from './tiles.js'

/** A value as a device holds it. */
export interface PlacedValue {
  readonly dims: readonly Dim[]
  readonly dtype: DType
  readonly role: Role
  /** The axis that splits each dim. */
  readonly axes: Axes
  /** Of the shard on one device. */
  readonly bytes: number
  /** The value that it aliases: the same one in another role, placed equally. */
  readonly same?: PlacedValue
}

export interface PlacedOperation {
  readonly node: Node
  readonly inputs: readonly PlacedValue[]
  readonly outputs: readonly PlacedValue[]
  /** Of a scan: one iteration. */
  readonly body?: PlacedProgram
}

/** A program placed on a mesh, with calls inlined and identity operations removed. */
export interface PlacedProgram {
  readonly inputs: readonly PlacedValue[]
  readonly steps: readonly PlacedOperation[]
  readonly outputs: readonly PlacedValue[]
}

/** Places a program on a mesh. `roles` are those of its inputs; `arrayBytes` gives an array's bytes on a device. */
export function placeProgram(
  program: Program,
  placement: Placement,
  roles: readonly Role[],
  arrayBytes: ArrayBytes,
): PlacedProgram {
  const hold = ({ dims, dtype }: { dims: readonly Dim[]; dtype: DType }, role: Role): PlacedValue => {
    const axes = axesOf(placement, dims, role)
    const sizes = shardDims(dims, axes, placement.mesh).map(({ size }) => size)
    return { dims, dtype, role, axes, bytes: arrayBytes(sizes, dtype) }
  }
  const lay = (inside: Program, inputs: readonly PlacedValue[]): PlacedProgram => {
    const steps: PlacedOperation[] = []
    const outputs = run(inside, inputs, steps)
    return { inputs, steps, outputs }
  }
  const run = (inside: Program, inputs: readonly PlacedValue[], steps: PlacedOperation[]): PlacedValue[] => {
    const held = new Map<unknown, PlacedValue>(inside.inputs.map((x, i) => [x, inputs[i]]))
    for (const node of inside.operations) {
      const given = node.inputs.map((x) => held.get(x)!)
      const made = passedOn(node, given) ?? results(node, given, steps)
      node.outputs.forEach((y, i) => held.set(y, made[i]))
    }
    return inside.outputs.map((y) => held.get(y)!)
  }
  const results = (node: Node, inputs: readonly PlacedValue[], steps: PlacedOperation[]): PlacedValue[] => {
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

function passedOn({ primitive: { traits } }: Node, inputs: readonly PlacedValue[]): readonly PlacedValue[] | null {
  return traits.identity && traits.placement !== 'given' ? inputs : null
}

/** Visits every operation, with the number of times that it runs. */
export function forEachOperation(
  placed: PlacedProgram,
  visit: (step: PlacedOperation, times: number) => void,
  times = 1,
): void {
  for (const step of placed.steps) {
    visit(step, times)
    if (step.body) forEachOperation(step.body, visit, times * (step.node.attributes as AttributesOf<'scan'>).along.size)
  }
}
