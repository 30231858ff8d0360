import type { Engine } from '../engine/index.js'

/** Largest sizes by engine, as in `{ host: 100 }`. */
export type StepLimits = Readonly<Record<string, number>>

/**
 * How many training steps a lesson makes on an engine: `steps`, or fewer where `limits` has a smaller number for the engine's
 * name, and then a line says so. The host engine takes several times as long as XLA; its
 * limit holds for webgpu, too, unless that has one.
 */
export function stepsFor(engine: Pick<Engine, 'name'>, steps: number, limits: StepLimits): number {
  const limit = limits[engine.name] ?? (engine.name === 'webgpu' ? limits.host : undefined) ?? Infinity
  if (steps <= limit) return steps
  console.log(
    `${limit} steps instead of ${steps}: the engine ${engine.name} is slower than XLA. Change the limit for more.`,
  )
  return limit
}
