import { nextTurn } from '../runtime/index.js'
import type { ModelConfig } from '../config/index.js'
import { LayoutError } from '../mesh/index.js'
import { PlanError, type Limits } from './ahead/limits.js'
import { choicesOf, withMicrobatches, type Choice } from './choices.js'
import type { Hardware } from './hardware.js'
import { plan, type Plan } from './plan.js'

/** Fraction of a device's memory that an estimate may use, as estimates can be too low. */
const MARGIN = 0.9

export interface SearchOptions {
  readonly hardware: Hardware
  /** How many of the best to compile with XLA. @default 3 */
  readonly compile?: number
  readonly limits?: Limits
  readonly signal?: AbortSignal
  /** Called with the number of choices estimated so far, and of all. */
  readonly onProgress?: (done: number, total: number) => void
  /** Called before XLA compiles a choice. */
  readonly onCompile?: (plan: Plan) => void
}

/** A choice and its plan. */
export interface Found {
  readonly choice: Choice
  readonly plan: Plan
}

export interface SearchResult {
  /** The plan of the config's mesh and layouts, or why they are impossible on this hardware. */
  readonly own: Found | string
  /** The choices that fit, the fastest by estimate first. */
  readonly ranked: readonly Found[]
  /** Number of choices that do not fit. */
  readonly tooLarge: number
  /** The best of them compiled with XLA, the fastest first. */
  readonly compiled: readonly Found[]
  /** Why XLA failed to compile some of them, one line each. */
  readonly failures: readonly string[]
}

/**
 * Searches for the mesh, layouts, microbatches and rematerialization that make a step fast: estimates all that are legal,
 * then compiles the best few with XLA. The batch size does not change.
 */
export async function searchLayouts(config: ModelConfig, options: SearchOptions): Promise<SearchResult> {
  const { hardware, compile = 3, limits, signal, onProgress, onCompile } = options
  const choices = choicesOf(config, hardware.devices)
  const fitting: Found[] = []
  let tooLarge = 0
  for (const [i, choice] of choices.entries()) {
    onProgress?.(i, choices.length)
    signal?.throwIfAborted()
    const found = await estimated(config, choice, hardware)
    if (found === 'too large') tooLarge++
    else if (found) fitting.push(found)
    await nextTurn() // lets Ctrl-C through
  }
  onProgress?.(choices.length, choices.length)
  const ranked = fitting.sort((a, b) => a.plan.step!.seconds - b.plan.step!.seconds)
  const asked = { hardware, limits, signal, advise: false }
  const compiled: Found[] = []
  const failures: string[] = []
  for (const found of ranked.slice(0, compile)) {
    onCompile?.(found.plan)
    try {
      compiled.push({ ...found, plan: await plan({ ...config, ...found.choice }, asked) })
    } catch (error) {
      if (!(error instanceof PlanError)) throw error
      failures.push(`mesh ${found.plan.mesh}, layout ${found.plan.layout}: ${error.message}`)
    }
  }
  return {
    own: await planOfConfig(config, { ...asked, compile: compile > 0 }, onCompile),
    failures,
    ranked,
    tooLarge,
    compiled: compiled.filter(({ plan: { fits } }) => fits).sort((a, b) => a.plan.step!.seconds - b.plan.step!.seconds),
  }
}

/** The plan with the fewest microbatches that fit; null for a choice that is not legal. */
async function estimated(config: ModelConfig, choice: Choice, hardware: Hardware): Promise<Found | 'too large' | null> {
  const limit = MARGIN * hardware.memory!
  let least = 1
  try {
    for (const { parts, cut } of withMicrobatches(config, choice)) {
      if (parts < least) continue
      const found = await plan({ ...config, ...cut }, { hardware, compile: false, advise: false })
      const { total, activations, working } = found.estimate.memory
      if (total <= limit) return { choice: cut, plan: found }
      // Smaller microbatches reduce activations, but not state and gradients.
      const room = limit - (total - activations - working)
      if (room <= 0) return 'too large'
      least = (parts * (activations + working)) / room
    }
    return 'too large'
  } catch (error) {
    if (error instanceof LayoutError) return null
    throw error
  }
}

async function planOfConfig(
  config: ModelConfig,
  options: Parameters<typeof plan>[1],
  onCompile?: (plan: Plan) => void,
): Promise<Found | string> {
  const { mesh_shape, layout, parameter_layout, remat_policy, tokens_per_mb_per_replica } = config
  try {
    const first = await plan(config, { ...options, compile: false })
    if (options.compile) onCompile?.(first)
    const choice = { mesh_shape, layout, parameter_layout, remat_policy, tokens_per_mb_per_replica }
    return { choice, plan: options.compile ? await plan(config, options) : first }
  } catch (error) {
    if (error instanceof LayoutError || error instanceof PlanError) return error.message
    throw error
  }
}
