import type { AttributesOf } from '../../tensor/index.js'
import type { Block, Held, Step } from './blocks.js'

/** Bytes on one device at the moment when most are in use, besides the program's inputs. */
export interface Peak {
  /** What the forward pass keeps for the backward pass, stacked by layer. */
  readonly activations: number
  /** Gradients, and updates of parameters that do not lie in the place of the old ones. */
  readonly gradients: number
  /** Values of the operation at hand and its neighbours. */
  readonly working: number
  readonly total: number
}

/** Whether compilers merge an operation into those which use its results, so that these are never written out. */
export function isMerged({ node }: Step): boolean {
  return node.primitive.traits.fusable !== 'never'
}

/**
 * How much a program needs, from the lifetimes of its values in the order of its operations: an estimate of what a compiler
 * arrives at. `aliases` says for each input the output that takes over its memory, or null.
 */
export function peakOf(block: Block, aliases: readonly (number | null)[]): Peak {
  const taken = aliases.flatMap((at) => (at === null ? [] : [block.outputs[at]]))
  return simulate(block, new Set([...block.inputs, ...taken]))
}

/** @param outside values that are there anyway */
function simulate({ steps, outputs }: Block, outside: ReadonlySet<Held>): Peak {
  const { written, lastUse } = lifetimes(steps, outputs, outside)
  const live = new Set<Held>()
  const stacks = new Set<Held>()
  let most: Peak = { activations: 0, gradients: 0, working: 0, total: 0 }
  steps.forEach((step, at) => {
    for (const [i, y] of step.outputs.entries()) {
      if (!written.has(y)) continue
      live.add(y)
      if (step.body && i >= (step.node.attributes as AttributesOf<'scan'>).carry) stacks.add(y)
    }
    // The constants and the carry of a turn are outside of it; slices of stacks are read where they are used.
    const inner = step.body ? simulate(step.body, new Set(step.body.inputs)) : null
    const dying = step.inputs.map(rootOf).filter((x) => live.has(x) && lastUse.get(x) === at)
    const now = sumOf(live, stacks, inner, spared(step, dying))
    if (now.total > most.total) most = now
    for (const x of live) if (lastUse.get(x)! <= at) live.delete(x)
  })
  return most
}

/** Values that are written out, and after which step each is not needed any more. */
function lifetimes(steps: readonly Step[], outputs: readonly Held[], outside: ReadonlySet<Held>) {
  const kept = new Set(outputs.map(rootOf))
  const users = new Map<Held, number[]>()
  steps.forEach(({ inputs }, at) => {
    for (const x of new Set(inputs.map(rootOf))) users.set(x, [...(users.get(x) ?? []), at])
  })
  const written = new Set<Held>()
  const lastUse = new Map<Held, number>()
  /** Steps that a value is read by in the end, by way of merged ones; more than two are as two. */
  const readers = new Map<number, readonly number[]>()
  for (let at = steps.length - 1; at >= 0; at--) {
    const { node, outputs: made } = steps[at]
    const { fusable } = node.primitive.traits
    const uses = (y: Held) => users.get(y) ?? []
    const ends = [...new Set(made.flatMap(uses).flatMap((use) => readers.get(use) ?? [use]))]
    // Written out rather than computed for each of several uses.
    const costly = fusable === 'once' && ends.length > 1
    if (isMerged(steps[at]) && !costly && !made.some((y) => kept.has(y))) readers.set(at, ends.slice(0, 2))
    else for (const y of made) if (!outside.has(y)) written.add(y)
    for (const y of made) {
      const last = Math.max(at, ...uses(y).map((use) => (readers.has(use) ? lastUse.get(steps[use].outputs[0])! : use)))
      lastUse.set(y, kept.has(y) ? Infinity : last)
    }
  }
  return { written, lastUse }
}

function rootOf(x: Held): Held {
  return x.same ?? x
}

/** Bytes of results that take the place of operands of their size which nobody needs any more. */
function spared(step: Step, dying: readonly Held[]): number {
  if (!step.body && !isMerged(step) && !step.node.primitive.traits.inPlace) return 0
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

function sumOf(live: ReadonlySet<Held>, stacks: ReadonlySet<Held>, inner: Peak | null, spare: number): Peak {
  let { activations, gradients, working } = inner ?? { activations: 0, gradients: 0, working: 0 }
  for (const x of live) {
    if (stacks.has(x) && x.role !== 'parameters') activations += x.bytes
    else if (x.role === 'parameters') gradients += x.bytes
    else working += x.bytes
  }
  working -= spare
  return { activations, gradients, working, total: activations + gradients + working }
}
