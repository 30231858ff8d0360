import type { Computation, HloModule, Instruction } from './module.js'
import { Scalars, type Known } from './scalars.js'

/** Iteration limit when inferring trip counts. */
const MOST_TURNS = 100_000

/** Execution counts of computations in one run of the program. */
export interface Executions {
  readonly times: ReadonlyMap<Computation, number>
  /** Computations that are part of one kernel. */
  readonly fused: ReadonlySet<Computation>
  /** Loops whose trip count cannot be inferred from the program; their bodies count once. */
  readonly unknownLoops: readonly string[]
}

/**
 * Follows calls from the entry, with loop bodies once per iteration. Scalar computations of reductions and sorts are
 * skipped.
 */
export function executionsOf(module: HloModule): Executions {
  const times = new Map<Computation, number>()
  const fused = new Set<Computation>()
  const unknownLoops: string[] = []
  const visit = (computation: Computation, count: number, parameters: readonly Known[]) => {
    times.set(computation, (times.get(computation) ?? 0) + count)
    const scalars = new Scalars(module, computation, parameters)
    for (const instruction of computation.instructions) {
      const { opcode, called, operands, name } = instruction
      const callees = called.map((id) => module.computations.get(id)!)
      if (opcode === 'while') {
        const [body, condition] = callees
        const start = scalars.value(operands[0])
        const turns = knownTurns(instruction) ?? countTurns(module, body, condition, start)
        if (turns === null) unknownLoops.push(name)
        visit(body, count * (turns ?? 1), [withoutChanging(module, body, start)])
        visit(condition, count * ((turns ?? 1) + 1), [])
      } else if (CALLS.has(opcode)) {
        const inputs = operands.map((operand) => scalars.value(operand))
        for (const callee of callees) {
          if (opcode === 'fusion' || fused.has(computation)) fused.add(callee)
          visit(callee, count, opcode === 'conditional' ? [] : inputs)
        }
      }
    }
  }
  visit(module.entry, 1, [])
  return { times, fused, unknownLoops }
}

/** Without `async-update` and `async-done`, which name the computation of their start again. */
const CALLS = new Set(['fusion', 'call', 'conditional', 'async-start', 'custom-call'])

/** The trip count that XLA's CPU and GPU backends attach to a loop. */
function knownTurns({ backendConfig }: Instruction): number | null {
  const found = /"known_trip_count":\{"n":"?(\d+)/.exec(backendConfig)
  return found ? Number(found[1]) : null
}

/** Evaluates a loop's condition and body on the known part of its state until the condition fails. */
function countTurns(module: HloModule, body: Computation, condition: Computation, start: Known): number | null {
  let state = start
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const goesOn = new Scalars(module, condition, [state]).root()
    if (typeof goesOn !== 'number') return null
    if (goesOn === 0) return turns
    state = new Scalars(module, body, [state]).root()
  }
  return null
}

/** The part of a loop's state that does not change. */
function withoutChanging(module: HloModule, body: Computation, start: Known): Known {
  if (typeof start !== 'object' || start === null) return null
  const next = new Scalars(module, body, [start]).root()
  return start.map((value, i) =>
    typeof next === 'object' && next !== null && typeof value === 'number' && next[i] === value ? value : null,
  )
}
