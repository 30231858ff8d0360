import type { ModelConfig } from '../config/index.js'
import type { DeviceArray } from '../engine/index.js'
import type { StepMetrics } from './step.js'

/** The loss or the gradient norm is not finite. */
export class DivergenceError extends Error {
  override name = 'DivergenceError'
}

/** Reads the metrics of a step and frees them. Throws DivergenceError. */
export async function readStepMetrics(metrics: StepMetrics<DeviceArray>, step: number) {
  const [loss, gradientNorm, learningRate] = await Promise.all(arraysOf(metrics).map((x) => x.readScalar()))
  disposeMetrics(metrics)
  // An update by a gradient whose norm is not finite has made the parameters NaN.
  const bad = [`loss is ${loss}`, `gradient norm is ${gradientNorm}`]
  const at = [loss, gradientNorm].findIndex((value) => !Number.isFinite(value))
  if (at >= 0) {
    throw new DivergenceError(
      `step ${step}: the ${bad[at]}: training diverged. Checkpoints before it stay as they are; ` +
        'train in a new run with a lower lr, more warmup_steps or a lower gradient_clipping',
    )
  }
  return { loss, gradientNorm, learningRate }
}

/** Idempotent. */
export function disposeMetrics(metrics: StepMetrics<DeviceArray>): void {
  for (const array of arraysOf(metrics)) array.dispose()
}

const arraysOf = ({ loss, gradientNorm, learningRate }: StepMetrics<DeviceArray>) => [loss, gradientNorm, learningRate]

/** Steps over which tokens per second are measured. */
const RECENT_STEPS = 20

/**
 * Tokens so far, of which `start` had some, and tokens per second over the last steps. Called twice with one step, it
 * restarts the measurement.
 */
export function stepClock(
  { train_batch_size, n_ctx }: ModelConfig,
  start: { readonly step: number; readonly tokens: number },
) {
  const recent: { step: number; time: number }[] = []
  return (step: number) => {
    const now = performance.now()
    const last = recent.at(-1)
    if (last && step <= last.step) recent.length = 0
    recent.push({ step, time: now })
    if (recent.length > RECENT_STEPS) recent.shift()
    const [first] = recent
    const seconds = (now - first.time) / 1000
    const tokensPerStep = train_batch_size * n_ctx
    return {
      tokens: start.tokens + (step - start.step) * tokensPerStep,
      tokensPerSecond: seconds > 0 ? ((step - first.step) * tokensPerStep) / seconds : 0,
    }
  }
}
