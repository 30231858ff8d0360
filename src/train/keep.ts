/** Which checkpoints of a run are kept. */
import type { ModelConfig } from '../config/index.js'

export interface KeepRules {
  /** The newest ones; 0 keeps all. */
  readonly newest: number
  /** Those of steps that are multiples of this; 0: none. */
  readonly every: number
  /** Those with the lowest validation loss; 0: none. */
  readonly best: number
}

/** The rules of a config, of which a caller may override the number of newest ones. */
export function keepRulesOf(config: ModelConfig, newest?: number): KeepRules {
  return {
    newest: newest ?? config.keep_checkpoint_max ?? 2,
    every: config.keep_checkpoint_every_n_steps ?? 0,
    best: config.keep_checkpoint_best ?? 0,
  }
}

/**
 * The steps whose checkpoints are kept: the newest, those at regular steps, and the best.
 * @param lossAt validation loss after a step, if it is known
 */
export function stepsToKeep(
  steps: readonly number[],
  { newest, every, best }: KeepRules,
  lossAt: (step: number) => number | undefined,
): number[] {
  const sorted = [...steps].sort((a, b) => a - b)
  if (newest === 0) return sorted
  const kept = new Set([...sorted.slice(-newest), ...bestSteps(sorted, best, lossAt)])
  return sorted.filter((step) => kept.has(step) || (every > 0 && step % every === 0))
}

/** The `count` steps with the lowest loss; of equal ones the earlier. */
export function bestSteps(
  steps: readonly number[],
  count: number,
  lossAt: (step: number) => number | undefined,
): number[] {
  const known = steps.flatMap((step) => {
    const loss = lossAt(step)
    return loss !== undefined && Number.isFinite(loss) ? [{ step, loss }] : []
  })
  return known
    .sort((a, b) => a.loss - b.loss || a.step - b.step)
    .slice(0, count)
    .map(({ step }) => step)
}
