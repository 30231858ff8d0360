import type { AttributesOf, Program, Role, Node } from '../tensor/index.js'

/**
 * The roles of a program's values follow from those of its inputs: what is made from parameters element by element, as
 * an optimizer makes it, is laid out as they are; products are computations, and `relayout` sets the role of what follows it.
 */
export function rolesOfOutputs(program: Program, inputs: readonly Role[]): Role[] {
  const roles = new Map<unknown, Role>(program.inputs.map((x, i) => [x, inputs[i]]))
  for (const node of program.operations) {
    const made = rolesOf(
      node,
      node.inputs.map((x) => roles.get(x)!),
    ).outputs
    node.outputs.forEach((y, i) => roles.set(y, made[i]))
  }
  return program.outputs.map((y) => roles.get(y)!)
}

/** The roles of an operation's results, and of its body's inputs if it has a body. */
export function rolesOf(node: Node, inputs: readonly Role[]): { outputs: Role[]; body: readonly Role[] } {
  const { identity, placement, body } = node.primitive.traits
  if (placement === 'given') return { outputs: [(node.attributes as AttributesOf<'relayout'>).role], body: [] }
  if (identity) return { outputs: [...inputs], body: [] }
  if (body === 'inline')
    return { outputs: rolesOfOutputs((node.attributes as AttributesOf<'call'>).body, inputs), body: inputs }
  if (body === 'loop') return rolesOfScan(node.attributes as AttributesOf<'scan'>, inputs)
  // A scalar, such as the step, does not decide the layout of tensors computed with it.
  const stored = inputs.some((role, i) => role === 'parameters' && node.inputs[i].dims.length > 0)
  const role = stored && placement !== 'computes' ? 'parameters' : 'computation'
  return { outputs: node.outputs.map(() => role), body: [] }
}

/** What is carried is a parameter's from the start if the body makes it so: a sum of gradients begins with zeros. */
function rolesOfScan({ body, constants, carry }: AttributesOf<'scan'>, inputs: readonly Role[]) {
  const given = [...inputs]
  for (;;) {
    const outputs = rolesOfOutputs(body, given)
    const promoted = outputs
      .slice(0, carry)
      .findIndex((role, i) => role === 'parameters' && given[constants + i] !== role)
    if (promoted < 0) return { outputs, body: given }
    given[constants + promoted] = 'parameters'
  }
}
