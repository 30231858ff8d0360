import type { Memory } from './memory.js'

/** One piece of work on arrays that are held in numbered slots. */
export interface Step<T> {
  /** For people: the operations in it. */
  readonly name: string
  readonly reads: readonly number[]
  /** Makes an array for each of these slots. */
  readonly writes: readonly number[]
  /** Makes them from the arrays of the slots read. */
  readonly run: (inputs: readonly T[]) => readonly T[]
  /** Bytes that it needs while it runs, beside what it reads and writes. */
  readonly bytes?: number
  /** For people: what it makes of what, as in `f32[4,8] of f32[4,2] f32[2,8]`. */
  readonly shapes?: string
  /** Floating-point operations of a product. */
  readonly flops?: number
}

/** Runs a step; a profile measures it. */
export type Observer = <R>(step: Pick<Step<unknown>, 'name' | 'shapes' | 'flops'>, run: () => R) => R

/** A program as steps in order, with what is freed after each. The first slots are the inputs. */
export interface Plan<T> {
  readonly inputs: number
  readonly outputs: readonly number[]
  readonly steps: readonly Step<T>[]
  readonly frees: readonly (readonly number[])[]
  /** Inputs that nothing needs, of those that may be freed. */
  readonly unused: readonly number[]
  /** Steps that begin while all inputs are there. */
  readonly intact: number
  /** Most bytes of values that steps make at any time. */
  readonly peakBytes: number
}

/**
 * As `runPlan`, but abandons the run once the signal has aborted: it throws the signal's reason then, with all inputs as they
 * were. A run that has freed an input is finished; of a training step that is the update of the parameters.
 */
export function runAbandonable<T>(
  plan: Plan<T>,
  memory: Memory<T>,
  inputs: readonly T[],
  signal: AbortSignal | undefined,
): T[] {
  if (signal === undefined) return runPlan(plan, memory, inputs)
  // Not throwIfAborted: a notebook's kernel replaces `aborted` by a property that looks for interrupts.
  const check = () => {
    if (signal.aborted) throw signal.reason
  }
  try {
    return runPlan(plan, memory, inputs, check)
  } finally {
    memory.check = undefined
  }
}

/**
 * Computes a plan's outputs. Each value is freed after the last step that needs it; inputs only where the plan was made so.
 * If a step throws, everything made is freed. `check` is called as `memory.check` while all inputs are there.
 */
export function runPlan<T>(plan: Plan<T>, memory: Memory<T>, inputs: readonly T[], check?: () => void): T[] {
  return memory.scoped(() => {
    const slots: T[] = [...inputs]
    for (const slot of plan.unused) memory.free(slots[slot])
    plan.steps.forEach((step, i) => {
      if (check) memory.check = i < plan.intact ? check : undefined
      memory.check?.()
      const run = () => step.run(step.reads.map((slot) => slots[slot]))
      const made = memory.observer ? memory.observer(step, run) : run()
      step.writes.forEach((slot, j) => (slots[slot] = made[j]))
      for (const slot of plan.frees[i]) memory.free(slots[slot])
    })
    return plan.outputs.map((slot) => slots[slot])
  })
}

/**
 * Orders the freeing: a slot goes after the last step that mentions it, unless it is an output or an input that is not
 * `owned`.
 */
export function makePlan<T>(
  steps: readonly Step<T>[],
  owned: readonly boolean[],
  outputs: readonly number[],
  bytesOf: (slot: number) => number,
): Plan<T> {
  const last = new Map<number, number>()
  steps.forEach(({ reads, writes }, i) => [...reads, ...writes].forEach((slot) => last.set(slot, i)))
  const stays = new Set([...outputs, ...owned.flatMap((mine, slot) => (mine ? [] : [slot]))])
  const frees = steps.map((): number[] => [])
  for (const [slot, i] of last) if (!stays.has(slot)) frees[i].push(slot)
  const unused = owned.flatMap((mine, slot) => (mine && !last.has(slot) && !stays.has(slot) ? [slot] : []))

  const total = (slots: readonly number[]) => slots.reduce((sum, slot) => sum + bytesOf(slot), 0)
  let held = 0
  let peakBytes = 0
  steps.forEach(({ writes, bytes = 0 }, i) => {
    held += total(writes)
    peakBytes = Math.max(peakBytes, held + bytes)
    held -= total(frees[i])
  })
  const freeing = frees.findIndex((slots) => slots.some((slot) => slot < owned.length))
  const intact = unused.length > 0 ? 0 : freeing < 0 ? steps.length : freeing + 1
  return { inputs: owned.length, outputs, steps, frees, unused, intact, peakBytes }
}
