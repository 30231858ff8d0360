import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cyclesOf } from '../../../src/plan/hlo/cycles.js'
import { executionsOf } from '../../../src/plan/hlo/executions.js'
import type { Computation, HloModule, Instruction } from '../../../src/plan/hlo/module.js'

const shape = (dims: readonly number[]) => ({ type: 11, dims, parts: [], layout: null })
const blank = { operands: [], called: [], backendConfig: '', shape: shape([]) }
const instruction = (fields: Partial<Instruction>) => ({ ...blank, ...fields }) as Instruction
const noted = (cycles: string) => `{"window_config":{"estimated_cycles":"${cycles}","is_mask":false}}`

/** A fusion of one product of [4, 8] by [8, 4], with these cycles beside it, in a loop of three turns. */
function program(cycles: string): HloModule {
  const computation = (id: number, instructions: Instruction[]): Computation => ({
    id,
    name: `c${id}`,
    instructions,
    root: instructions.at(-1)!.id,
  })
  const fused = computation(1, [
    instruction({ id: 1, opcode: 'parameter', shape: shape([4, 8]) }),
    instruction({
      id: 2,
      opcode: 'dot',
      operands: [1, 1],
      shape: shape([4, 4]),
      dot: { lhsContracting: [1], rhsContracting: [1], lhsBatch: [], rhsBatch: [] },
      backendConfig: noted('999'),
    }),
  ])
  const body = computation(2, [instruction({ id: 3, opcode: 'fusion', called: [1], backendConfig: noted(cycles) })])
  const condition = computation(3, [instruction({ id: 4, opcode: 'parameter' })])
  const loop = instruction({
    id: 5,
    opcode: 'while',
    operands: [4],
    called: [2, 3],
    backendConfig: '{"known_trip_count":{"n":"3"}}',
  })
  const entry = computation(4, [instruction({ id: 4, opcode: 'parameter' }), loop])
  return { name: 'main', entry, computations: new Map([fused, body, condition, entry].map((each) => [each.id, each])) }
}

const cyclesIn = (module: HloModule) => cyclesOf(module, executionsOf(module))

test('cycles of a kernel count as often as it runs, and those inside of it not besides', () => {
  assert.deepEqual(cyclesIn(program('500')), { cycles: 1500, flopsBeside: 0 })
})

test("implausible cycles are replaced by the kernel's flops", () => {
  const module = program('9223372036854775807')
  const extra = instruction({ id: 9, opcode: 'copy', backendConfig: noted('10') })
  const entry = { ...module.entry, instructions: [...module.entry.instructions, extra] }
  assert.deepEqual(cyclesIn({ ...module, entry }), { cycles: 10, flopsBeside: 3 * 2 * 4 * 4 * 8 })
  assert.equal(cyclesIn(module), null)
})
