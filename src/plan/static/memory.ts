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

/** Operations that compilers merge into those which use their results, so that these are never written out. */
const MERGED = new Set([
  'constant', 'literal', 'iota', 'neg', 'abs', 'sign', 'not', 'exp', 'expm1', 'log', 'log1p', 'sqrt', 'rsqrt', 'tanh',
  'sin', 'cos', 'sigmoid', 'floor', 'add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'remainder', 'and', 'or',
  'xor', 'shiftLeft', 'shiftRight', 'compare', 'select', 'cast', 'broadcast', 'reshape', 'transpose', 'slice', 'pad',
]) // prettier-ignore
/** Of those, the ones that make something out of nothing. */
const SOURCES = new Set(['constant', 'literal', 'iota'])

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
    const dying = step.inputs.filter((x) => live.has(x) && lastUse.get(x) === at)
    for (const [i, y] of step.outputs.entries()) {
      if (!written.has(y)) continue
      live.add(y)
      if (step.body && i >= (step.node.attributes as AttributesOf<'scan'>).carry) stacks.add(y)
    }
    const inner = step.body ? turnOf(step.body) : null
    // A result may take the place of an operand of its size that is not needed any more.
    const spare = inPlace(step, dying)
    const now = sumOf(live, stacks, inner, spare)
    if (now.total > most.total) most = now
    for (const x of live) if ((lastUse.get(x) ?? -1) <= at) live.delete(x)
  })
  return most
}

/** One turn of a loop, whose constants and carry are outside. Slices of what is stacked are read where they are used. */
function turnOf(body: Block): Peak {
  return simulate(body, new Set(body.inputs))
}

/** Values that are written out, and after which step each is not needed any more. */
function lifetimes(steps: readonly Step[], outputs: readonly Held[], outside: ReadonlySet<Held>) {
  const users = new Map<Held, number[]>()
  steps.forEach(({ inputs }, at) => {
    for (const x of inputs) users.set(x, [...(users.get(x) ?? []), at])
  })
  const written = new Set<Held>()
  const lastUse = new Map<Held, number>()
  for (let at = steps.length - 1; at >= 0; at--) {
    const { node, inputs, outputs: made } = steps[at]
    for (const y of made) {
      const uses = users.get(y) ?? []
      const isOutput = outputs.includes(y)
      const merged =
        MERGED.has(node.name) &&
        !isOutput &&
        (SOURCES.has(node.name) || (uses.every((use) => !steps[use].body) && new Set(uses).size <= 1))
      if (!merged && !outside.has(y)) written.add(y)
      const end = isOutput ? Infinity : Math.max(at, ...uses.map((use) => reach(steps[use], use)))
      lastUse.set(y, end)
    }
    for (const x of inputs) {
      const end = reach(steps[at], at)
      lastUse.set(x, Math.max(lastUse.get(x) ?? -1, end))
    }
  }
  for (const y of outputs) lastUse.set(y, Infinity)
  return { written, lastUse }

  /** When the work of a step is done: for one that is merged, with the step that uses its result. */
  function reach(step: Step, at: number): number {
    const [y] = step.outputs
    return step.outputs.length === 1 && !written.has(y) && lastUse.has(y) ? lastUse.get(y)! : at
  }
}

function inPlace(step: Step, dying: readonly Held[]): number {
  const made = step.outputs.map(({ bytes }) => bytes)
  const freed = new Set(dying)
  let spare = 0
  if (!MERGED.has(step.node.name) && !step.body && step.node.name !== 'scatterAdd') return 0
  for (const x of freed) {
    const at = made.indexOf(x.bytes)
    if (at < 0) continue
    spare += x.bytes
    made.splice(at, 1)
  }
  return spare
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
