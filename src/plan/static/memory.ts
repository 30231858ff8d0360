import type { AttributesOf } from '../../tensor/index.js'
import type { PlacedProgram, PlacedValue, PlacedOperation } from './placed-program.js'

/** Bytes on one device at the peak, besides the program's inputs. */
export interface Peak {
  /** Values saved for the backward pass, stacked by layer. */
  readonly activations: number
  /** Gradients, and updated parameters that do not reuse the memory of the old ones. */
  readonly gradients: number
  /** Operands and results of the current operation, and other temporaries. */
  readonly working: number
  readonly total: number
}

/** Whether compilers fuse an operation into its users, so that its results are never written to memory. */
export function isFused({ node }: PlacedOperation): boolean {
  return node.primitive.traits.fusable !== 'never'
}

const isComputed = ({ node: { primitive } }: PlacedOperation): boolean =>
  primitive.traits.family === 'elementwise' && primitive.traits.recompute !== 'free'

const isProduct = ({ node }: PlacedOperation): boolean => node.primitive.traits.family === 'contraction'

/**
 * Peak memory of a program, from the lifetimes of its values in the order of its operations: an estimate of what a
 * compiler achieves. `aliases` has for each input the output that reuses its memory, or null. `operandsWritten`: products read their
 * operands from memory, as on GPUs; other compilers fuse what makes them.
 */
export function peakOf(program: PlacedProgram, aliases: readonly (number | null)[], operandsWritten = false): Peak {
  const taken = aliases.flatMap((at) => (at === null ? [] : [program.outputs[at]]))
  return simulate(program, new Set([...program.inputs, ...taken]), operandsWritten)
}

/** @param outside values whose memory is counted elsewhere */
function simulate(
  { steps, outputs }: PlacedProgram,
  outside: ReadonlySet<PlacedValue>,
  operandsWritten: boolean,
): Peak {
  const { written, lastUse } = lifetimes(steps, outputs, outside, operandsWritten)
  const live = new Set<PlacedValue>()
  const stacks = new Set<PlacedValue>()
  let most: Peak = { activations: 0, gradients: 0, working: 0, total: 0 }
  steps.forEach((step, at) => {
    for (const [i, y] of step.outputs.entries()) {
      if (!written.has(y)) continue
      live.add(y)
      if (step.body && i >= (step.node.attributes as AttributesOf<'scan'>).carry) stacks.add(y)
    }
    // The constants and the carry of an iteration are counted outside it; slices of stacks are read in place.
    const inner = step.body ? simulate(step.body, new Set(step.body.inputs), operandsWritten) : null
    const dying = step.inputs.map(rootOf).filter((x) => live.has(x) && lastUse.get(x) === at)
    const now = sumOf(live, stacks, inner, spared(step, dying))
    if (now.total > most.total) most = now
    for (const x of live) if (lastUse.get(x)! <= at) live.delete(x)
  })
  return most
}

/** The values written to memory, and the last operation that uses each. */
function lifetimes(
  steps: readonly PlacedOperation[],
  outputs: readonly PlacedValue[],
  outside: ReadonlySet<PlacedValue>,
  operandsWritten: boolean,
) {
  const kept = new Set(outputs.map(rootOf))
  const users = new Map<PlacedValue, number[]>()
  steps.forEach(({ inputs }, at) => {
    for (const x of new Set(inputs.map(rootOf))) users.set(x, [...(users.get(x) ?? []), at])
  })
  const written = new Set<PlacedValue>()
  const lastUse = new Map<PlacedValue, number>()
  /** Operations that finally read a value, through fused ones; at most two are listed. */
  const readers = new Map<number, readonly number[]>()
  for (let at = steps.length - 1; at >= 0; at--) {
    const { node, outputs: made } = steps[at]
    const { fusable } = node.primitive.traits
    const uses = (y: PlacedValue) => users.get(y) ?? []
    const ends = [...new Set(made.flatMap(uses).flatMap((use) => readers.get(use) ?? [use]))]
    // Written to memory rather than recomputed for each of several uses.
    const costly = fusable === 'once' && ends.length > 1
    const operand = operandsWritten && isComputed(steps[at]) && ends.some((use) => isProduct(steps[use]))
    if (isFused(steps[at]) && !costly && !operand && !made.some((y) => kept.has(y))) readers.set(at, ends.slice(0, 2))
    else for (const y of made) if (!outside.has(y)) written.add(y)
    for (const y of made) {
      const last = Math.max(at, ...uses(y).map((use) => (readers.has(use) ? lastUse.get(steps[use].outputs[0])! : use)))
      lastUse.set(y, kept.has(y) ? Infinity : last)
    }
  }
  return { written, lastUse }
}

function rootOf(x: PlacedValue): PlacedValue {
  return x.same ?? x
}

/** Bytes of results that reuse the memory of operands of equal size with no later use. */
function spared(step: PlacedOperation, dying: readonly PlacedValue[]): number {
  if (!step.body && !isFused(step) && !step.node.primitive.traits.inPlace) return 0
  const made = step.outputs.map(({ bytes }) => bytes)
  let bytes = 0
  for (const x of new Set(dying)) {
    const at = made.indexOf(x.bytes)
    if (at < 0) continue
    bytes += x.bytes
    made.splice(at, 1)
  }
  return bytes
}

function sumOf(
  live: ReadonlySet<PlacedValue>,
  stacks: ReadonlySet<PlacedValue>,
  inner: Peak | null,
  spare: number,
): Peak {
  let { activations, gradients, working } = inner ?? { activations: 0, gradients: 0, working: 0 }
  for (const x of live) {
    if (stacks.has(x) && x.role !== 'parameters') activations += x.bytes
    else if (x.role === 'parameters') gradients += x.bytes
    else working += x.bytes
  }
  working -= spare
  return { activations, gradients, working, total: activations + gradients + working }
}
