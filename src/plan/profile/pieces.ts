/**
 * Cuts an optimized program into its operations: each becomes a module of its own, with its operands as parameters, that
 * XLA compiles and runs alone. Field numbers are those of xla/service/hlo.proto and xla/xla_data.proto.
 */
import { decode, encode, concatenate, integer, message, raw, raws, without } from '../hlo/protobuf.js'
import { sha256 } from '../../files/index.js'
import { executionsOf } from '../hlo/executions.js'
import { readHlo, type Computation, type HloModule, type Instruction, type Shape } from '../hlo/module.js'

/** An operation of a program, executed alone. */
export interface Piece {
  readonly instruction: Instruction
  /** Operations that do the same on values of the same shapes, as in the layers of a model, have the same key. */
  readonly key: string
  /** Runs of it in one run of the program. */
  readonly times: number
  /** All instructions that it consists of. */
  readonly parts: readonly Instruction[]
  readonly inputs: readonly Shape[]
  /** The input whose memory the result takes over, of operations that update a part of an array; else null. */
  readonly updated: number | null
  /** HloModuleProto. */
  readonly module: Uint8Array
}

export interface Cut {
  readonly pieces: readonly Piece[]
  /** Loops whose trip count is unknown, counted once, and operations that cannot be run alone. */
  readonly omitted: readonly string[]
}

/** Opcodes that take no time, or whose parts are pieces themselves. */
const FREE = new Set([
  'parameter',
  'constant',
  'tuple',
  'get-tuple-element',
  'bitcast',
  'while',
  'conditional',
  'after-all',
  'partition-id',
  'replica-id',
])

/** @param bytes the optimized program, HloModuleProtoWithConfig */
export function cut(bytes: Uint8Array): Cut {
  const module = readHlo(bytes)
  const encoded = new Encoded(bytes)
  const { times, fused, unknownLoops } = executionsOf(module)
  const pieces: Piece[] = []
  const omitted = [...unknownLoops]
  const inside = partsOfPieces(module, times.keys())
  for (const [computation, count] of times) {
    if (fused.has(computation) || inside.has(computation)) continue
    const byId = new Map(computation.instructions.map((each) => [each.id, each]))
    for (const instruction of computation.instructions) {
      if (FREE.has(instruction.opcode)) continue
      const operands = instruction.operands.map((id) => byId.get(id)!)
      if (operands.some(({ shape }) => isTuple(shape)) || instruction.opcode.startsWith('all-'))
        omitted.push(instruction.name)
      else pieces.push(pieceOf(module, encoded, instruction, operands, count))
    }
  }
  return { pieces, omitted }
}

/** Computations of calls, which are pieces as a whole. */
function partsOfPieces(module: HloModule, computations: Iterable<Computation>): Set<Computation> {
  const inside = new Set<Computation>()
  for (const { instructions } of computations)
    for (const { opcode, called } of instructions)
      if (!FREE.has(opcode)) for (const id of called) inside.add(module.computations.get(id)!)
  return inside
}

const isTuple = ({ type }: Shape) => type === TUPLE
const TUPLE = 13

function pieceOf(
  module: HloModule,
  encoded: Encoded,
  instruction: Instruction,
  operands: readonly Instruction[],
  times: number,
): Piece {
  const called = calledBy(module, instruction)
  // An operand may be given twice; constants stay constants, since XLA may use their value.
  const distinct = [...new Set(operands)]
  const inputs = distinct.filter(({ opcode }) => opcode !== 'constant')
  const updated = updatedInput(module, instruction, operands, inputs)
  const keyParts = [
    encoded.canonical(
      instruction,
      operands.map((each) => distinct.indexOf(each)),
    ),
    ...distinct.map((each) => (each.opcode === 'constant' ? encoded.canonical(each, []) : encoded.of(each.id).shape)),
    ...called.map((each) => encoded.canonicalComputation(each)),
  ]
  const lengths = new TextEncoder().encode(keyParts.map(({ byteLength }) => byteLength).join())
  return {
    instruction,
    key: sha256(concatenate([lengths, ...keyParts])),
    times,
    parts:
      called.length > 0
        ? called.flatMap(({ instructions }) => instructions)
        : [...distinct.map((each) => ({ ...each, opcode: 'parameter', metadata: null })), instruction],
    inputs: inputs.map(({ shape }) => shape),
    updated,
    module: encoded.module(instruction, distinct, operands, called, updated),
  }
}

/** Computations that an instruction calls, directly or not, callees first. */
function calledBy(module: HloModule, { called }: Instruction, found: Computation[] = []): Computation[] {
  for (const id of called) {
    const computation = module.computations.get(id)!
    if (found.includes(computation)) continue
    for (const each of computation.instructions) calledBy(module, each, found)
    found.push(computation)
  }
  return found
}

const UPDATES = new Set(['dynamic-update-slice', 'scatter'])

/** Updates of a part of an array happen in place where XLA can; alone they need the array's memory given over. */
function updatedInput(
  module: HloModule,
  instruction: Instruction,
  operands: readonly Instruction[],
  inputs: readonly Instruction[],
): number | null {
  let target: Instruction | undefined
  if (UPDATES.has(instruction.opcode)) target = operands[0]
  else if (instruction.opcode === 'fusion' || instruction.opcode === 'call') {
    const computation = module.computations.get(instruction.called[0])!
    const byId = new Map(computation.instructions.map((each) => [each.id, each]))
    const skip = (id: number): Instruction => {
      const each = byId.get(id)!
      return each.opcode === 'bitcast' ? skip(each.operands[0]) : each
    }
    const root = skip(computation.root)
    const source = UPDATES.has(root.opcode) ? skip(root.operands[0]) : undefined
    if (source?.opcode === 'parameter') target = operands[source.parameter]
  }
  const index = target ? inputs.indexOf(target) : -1
  const same = index >= 0 && inputs[index].shape.dims.join() === instruction.shape.dims.join()
  return same && inputs[index].shape.type === instruction.shape.type ? index : null
}

/** Fields of HloInstructionProto. */
const NAME = 1
const METADATA = 7
const ID = 35
const OPERANDS = 36
const CONTROL = 37
const CALLED = 38
const IDENTITY = new Set([NAME, METADATA, ID, OPERANDS, CONTROL, CALLED])

/** The messages of a program as they are encoded, so that what this code knows nothing of stays as it is. */
class Encoded {
  private readonly instructions = new Map<number, { readonly bytes: Uint8Array; readonly shape: Uint8Array }>()
  private readonly computations = new Map<number, Uint8Array>()
  private readonly canonicalForms = new Map<Computation, Uint8Array>()

  constructor(program: Uint8Array) {
    const { module } = decode(program, { module: [1, message(() => ({ computations: [3, raws] as const }))] as const })
    for (const computation of module?.computations ?? []) {
      const { id, instructions } = decode(computation, { id: [5, integer], instructions: [2, raws] })
      this.computations.set(id, computation)
      for (const bytes of instructions) {
        const found = decode(bytes, { id: [ID, integer], shape: [3, raw] })
        this.instructions.set(found.id, { bytes, shape: found.shape })
      }
    }
  }

  of(id: number) {
    return this.instructions.get(id)!
  }

  /** An instruction without names and numbers that differ between equal ones. */
  canonical({ id }: Instruction, operands: readonly number[]): Uint8Array {
    return concatenate([without(this.of(id).bytes, IDENTITY), encode([[OPERANDS, operands]])])
  }

  canonicalComputation(computation: Computation): Uint8Array {
    const known = this.canonicalForms.get(computation)
    if (known) return known
    const at = new Map(computation.instructions.map(({ id }, i) => [id, i]))
    const form = concatenate(
      computation.instructions.map((each) =>
        encode([
          [
            1,
            this.canonical(
              each,
              each.operands.map((id) => at.get(id)!),
            ),
          ],
        ]),
      ),
    )
    this.canonicalForms.set(computation, form)
    return form
  }

  /** A module whose entry is one instruction on parameters. */
  module(
    instruction: Instruction,
    distinct: readonly Instruction[],
    operands: readonly Instruction[],
    called: readonly Computation[],
    updated: number | null,
  ): Uint8Array {
    const entry = Math.max(0, ...this.computations.keys()) + 1
    // XLA numbers instructions within their computation, whose number is in the upper half.
    const idOf = (i: number) => entry * 2 ** 32 + i
    let parameters = 0
    const given = distinct.map((each, i) =>
      each.opcode === 'constant'
        ? concatenate([without(this.of(each.id).bytes, new Set([ID, CONTROL])), encode([[ID, idOf(i)]])])
        : encode([
            [NAME, `input.${i}`],
            [2, 'parameter'],
            [3, this.of(each.id).shape],
            [9, parameters++],
            [ID, idOf(i)],
          ]),
    )
    const root = idOf(distinct.length)
    const body = concatenate([
      without(this.of(instruction.id).bytes, new Set([ID, OPERANDS, CONTROL])),
      encode([
        [ID, root],
        [OPERANDS, operands.map((each) => idOf(distinct.indexOf(each)))],
      ]),
    ])
    const inputs = distinct.filter(({ opcode }) => opcode !== 'constant')
    const programShape = encode([
      [1, inputs.map(({ id }) => this.of(id).shape)],
      [2, this.of(instruction.id).shape],
      [3, inputs.map((_, i) => `input.${i}`)],
    ])
    const main = encode([
      [1, 'main'],
      [2, [...given, body]],
      [4, programShape],
      [5, entry],
      [6, root],
    ])
    // HloInputOutputAliasProto: one entry, that the result must be in the memory of the parameter.
    const alias =
      updated === null
        ? null
        : encode([
            [
              1,
              encode([
                [2, updated],
                [4, 2],
              ]),
            ],
          ])
    return encode([
      [1, 'piece'],
      [2, 'main'],
      [6, entry],
      [3, [...called.map(({ id }) => this.computations.get(id)!), main]],
      [4, programShape],
      [8, alias],
    ])
  }
}
