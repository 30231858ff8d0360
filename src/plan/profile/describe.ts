/** What an operation of an optimized program is, for people. */
import { elements } from '../hlo/shapes.js'
import { flopsOf } from '../hlo/flops.js'
import type { Instruction, Shape } from '../hlo/module.js'
import type { Piece } from './pieces.js'

export type OperationKind = 'product' | 'reduction' | 'gather' | 'update' | 'copy' | 'elementwise' | 'other'

/** By the heaviest of its parts. */
export function kindOf({ parts }: Pick<Piece, 'parts'>): OperationKind {
  const has = (...opcodes: string[]) => parts.some(({ opcode }) => opcodes.includes(opcode))
  if (has('dot', 'convolution')) return 'product'
  if (has('scatter', 'dynamic-update-slice')) return 'update'
  if (has('gather', 'dynamic-slice')) return 'gather'
  if (has('reduce', 'reduce-window', 'sort', 'topk')) return 'reduction'
  if (has('custom-call', 'rng-bit-generator', 'fft')) return 'other'
  return parts.every(({ opcode }) => MOVES.has(opcode)) ? 'copy' : 'elementwise'
}

/** Opcodes without arithmetic. */
const MOVES = new Set([
  'parameter',
  'constant',
  'copy',
  'transpose',
  'bitcast',
  'reshape',
  'broadcast',
  'slice',
  'pad',
  'concatenate',
  'reverse',
  'tuple',
  'get-tuple-element',
  'convert',
  'iota',
  'fusion',
  'call',
  'gather',
  'scatter',
  'dynamic-slice',
  'dynamic-update-slice',
  'select',
  'compare',
])

/** Products as multiplications and additions, reductions an addition per element, other arithmetic one per result. */
export function flopsOfPiece({ parts }: Pick<Piece, 'parts'>): number {
  const byId = new Map(parts.map((each) => [each.id, each]))
  const simple = parts.reduce((sum, { opcode, shape, operands }) => {
    if (opcode === 'dot' || opcode === 'convolution' || MOVES.has(opcode) || !isFloat(shape)) return sum
    const reduced = opcode === 'reduce' ? byId.get(operands[0]) : undefined
    return sum + elements(reduced?.shape ?? shape)
  }, 0)
  return simple + flopsOf({ id: 0, name: '', root: 0, instructions: parts })
}

const FLOATS: Readonly<Record<number, string>> = { 10: 'f16', 11: 'f32', 12: 'f64', 16: 'bf16' }
const OTHERS: Readonly<Record<number, string>> = {
  1: 'pred',
  2: 's8',
  3: 's16',
  4: 's32',
  5: 's64',
  6: 'u8',
  7: 'u16',
  8: 'u32',
  9: 'u64',
  13: 'tuple',
}
const isFloat = ({ type }: Shape) => type in FLOATS

/** The result's type, and whether its products are of bf16 values. */
export function typesOf({ instruction, parts }: Pick<Piece, 'instruction' | 'parts'>) {
  const name = ({ type, dims }: Shape) => `${FLOATS[type] ?? OTHERS[type] ?? 'other'}[${dims.join()}]`
  const byId = new Map(parts.map((each) => [each.id, each]))
  const ofProduct = parts.find(({ opcode }) => opcode === 'dot')?.operands.map((id) => byId.get(id))
  return { result: name(instruction.shape), isHalf: ofProduct?.every((each) => each?.shape.type === BF16) ?? false }
}
const BF16 = 16

/** The line of the operation itself, or the line of most of its parts. */
export function lineOf({ instruction, parts }: Pick<Piece, 'instruction' | 'parts'>): string {
  const product = parts.find(({ opcode, metadata }) => opcode === 'dot' && metadata !== null)
  const own = (product && lineIn(product)) || lineIn(instruction)
  if (own) return own
  const counts = new Map<string, number>()
  for (const line of parts.map(lineIn)) if (line) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? ''
}

/** XLA names the text itself, as "-", where that gives no line. */
const lineIn = ({ metadata }: Instruction) =>
  metadata?.file && metadata.file !== '-' ? `${metadata.file}:${metadata.line}` : ''
