import type { Program } from '../../tensor/program.js'
import type { CallAttributes } from '../../tensor/ops/control.js'
import type { PrimitiveName } from '../../tensor/ops/index.js'
import type { Shape } from '../../tensor/primitive.js'
import type { Node, Value } from '../../tensor/tensor.js'

/** One operation; its operands and results are numbers of values. */
export interface Op {
  readonly name: PrimitiveName
  readonly node: Node
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
}

/** A program with its calls inlined, without operations that only pass values on. */
export interface FlatProgram {
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly ops: readonly Op[]
  /** Dims and dtype of each value. */
  readonly values: readonly Shape[]
}

export function flatten(program: Program): FlatProgram {
  const ops: Op[] = []
  const values: Shape[] = []
  const fresh = (x: Shape) => values.push(x) - 1

  /** A body may be called several times: its values get new numbers in each. */
  const inline = (body: Program, inputs: readonly number[]): number[] => {
    const known = new Map<Value, number>(body.inputs.map((x, i) => [x, inputs[i]]))
    const numberOf = (x: Value): number => {
      const found = known.get(x)
      if (found === undefined) throw new Error(`${program.name}: a value is used before it is made`)
      return found
    }
    for (const node of body.operations) {
      const given = node.inputs.map(numberOf)
      const passed = passOn(node, given)
      const made = passed ?? node.outputs.map(fresh)
      node.outputs.forEach((y, i) => known.set(y, made[i]))
      if (!passed) ops.push({ name: node.name as PrimitiveName, node, inputs: given, outputs: made })
    }
    return body.outputs.map(numberOf)
  }
  /** The results of what needs no operation of its own. */
  const passOn = ({ primitive: { traits }, attributes }: Node, given: number[]): number[] | null => {
    if (traits.body === 'inline') return inline((attributes as CallAttributes).body, given)
    return traits.identity ? given : null
  }

  const inputs = program.inputs.map(fresh)
  return { inputs, outputs: inline(program, inputs), ops, values }
}

/** For each value the operations that use it, by index; views are looked through, and -1 stands for the program's end. */
export function usersOf({ ops, outputs, values }: FlatProgram, isView: (op: Op) => boolean): number[][] {
  const users = values.map((): number[] => [])
  outputs.forEach((y) => users[y].push(-1))
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i]
    for (const x of op.inputs) users[x].push(...(isView(op) ? users[op.outputs[0]] : [i]))
  }
  return users
}
