import type { Computation, HloModule, Instruction } from './module.js'

/** A value known without running the program: an integer or boolean, a tuple of known values, or unknown (null). */
export type Known = number | null | readonly Known[]

/** Lazily evaluates a computation's values from the known parameters. */
export class Scalars {
  private readonly byId: ReadonlyMap<number, Instruction>
  private readonly known = new Map<number, Known>()

  constructor(
    private readonly module: HloModule,
    private readonly computation: Computation,
    private readonly parameters: readonly Known[],
  ) {
    this.byId = new Map(computation.instructions.map((each) => [each.id, each]))
  }

  root(): Known {
    return this.value(this.computation.root)
  }

  value(id: number): Known {
    const found = this.known.get(id)
    if (found !== undefined) return found
    this.known.set(id, null)
    const value = this.evaluate(this.byId.get(id)!)
    this.known.set(id, value)
    return value
  }

  private evaluate(instruction: Instruction): Known {
    const { opcode, operands, parameter, tupleIndex, called, shape } = instruction
    const of = (i: number) => this.value(operands[i])
    if (opcode === 'tuple') return operands.map((operand) => this.value(operand))
    if (opcode === 'parameter') return this.parameters[parameter] ?? null
    if (opcode === 'get-tuple-element') return part(of(0), tupleIndex)
    if (opcode === 'fusion' || opcode === 'call') {
      // Fusions of arrays are unknown.
      if (shape.dims.length > 0 || this.module.computations.get(called[0])!.instructions.length > 64) return null
      const inputs = operands.map((operand) => this.value(operand))
      return new Scalars(this.module, this.module.computations.get(called[0])!, inputs).root()
    }
    if (shape.dims.some((size) => size !== 1)) return null
    if (opcode === 'constant') return constant(instruction)
    if (PASSED_ON.has(opcode)) return of(0)
    const numbers = operands.map((operand) => this.value(operand))
    return numbers.every((x) => typeof x === 'number') ? compute(instruction, numbers as number[]) : null
  }
}

const PASSED_ON = new Set(['copy', 'bitcast', 'convert', 'reshape', 'broadcast', 'copy-done', 'copy-start'])

function part(whole: Known, index: number): Known {
  return typeof whole === 'object' && whole !== null ? (whole[index] ?? null) : null
}

function constant({ literal }: Instruction): Known {
  if (!literal) return null
  const [value] =
    [literal.i32, literal.i64, literal.u32, literal.u64, literal.bools].find(({ length }) => length > 0) ?? []
  return value ?? null
}

function compute({ opcode, comparison }: Instruction, [a, b, c]: readonly number[]): Known {
  switch (opcode) {
    case 'add':
      return a + b
    case 'subtract':
      return a - b
    case 'multiply':
      return a * b
    case 'maximum':
      return Math.max(a, b)
    case 'minimum':
      return Math.min(a, b)
    case 'and':
      return a & b
    case 'or':
      return a | b
    case 'not':
      return a ? 0 : 1
    case 'select':
      return a ? b : c
    case 'compare':
      return { LT: a < b, LE: a <= b, GT: a > b, GE: a >= b, EQ: a === b, NE: a !== b }[comparison] ? 1 : 0
    default:
      return null
  }
}
