import { runtime } from '../runtime/index.js'
import { parseModelConfig, type AttentionKind, type ModelConfig } from '../config/index.js'
import type { DeviceArray, Engine } from '../engine/index.js'
import { join, readJsonLines, startJsonLines } from '../files/index.js'
import { costsOf } from '../plan/index.js'
import { Trainer } from '../train/index.js'
import { bytesNeeded } from './machine.js'
import { median } from './statistics.js'
import type { AblationSpec, CostSpec } from './spec.js'

/** Cost of a token in a training step with one kind of attention at one context length. */
export interface CostPoint {
  readonly attention: AttentionKind
  /** n_ctx. */
  readonly length: number
  /** Sequences per step. */
  readonly batch: number
  /** Wall time of each timed step. */
  readonly seconds: readonly number[]
  /** CPU time of each timed step, on all cores of the host. */
  readonly cpuSeconds: readonly number[]
  /** Wall time of the median step. */
  readonly microsecondsPerToken: number
  /** Of forward and backward, by formula (see `neomesh config show`). */
  readonly flopsPerToken: number
  /** Bytes that the step needs on the device; null if the engine does not report it. */
  readonly stepMemory: number | null
  /** Engine and processor. */
  readonly machine: string
}

export type CostEvent =
  | {
      readonly kind: 'measuring'
      readonly attention: AttentionKind
      readonly length: number
      readonly done: number
      readonly of: number
    }
  | { readonly kind: 'cost'; readonly point: CostPoint; readonly done: number; readonly of: number }

export interface CostOptions {
  readonly engine: Engine
  readonly spec: AblationSpec
  readonly costs: CostSpec
  /** Folder of the ablation. */
  readonly out: string
  readonly machine: string
  readonly signal?: AbortSignal
}

/**
 * Times training steps of the base with one kind of attention in all layers, at each length, with equal tokens per step.
 * Measurements that this machine has made already are reused. The signal ends it early, with the points so far.
 */
export async function* contextCosts(options: CostOptions): AsyncGenerator<CostEvent, CostPoint[]> {
  const { spec, costs, out, machine, signal } = options
  const path = join(out, 'costs.jsonl')
  const lines = (await readJsonLines(path)) as { key: string; point: CostPoint }[]
  const known = new Map(lines.map(({ key, point }) => [key, point]))
  const log = await startJsonLines(path, lines)
  const points: CostPoint[] = []
  const wanted = costs.lengths.flatMap((length) => costs.attention.map((attention) => ({ length, attention })))
  for (const [done, { length, attention }] of wanted.entries()) {
    if (signal?.aborted) break
    const config = costConfig(spec, costs, attention, length)
    const key = JSON.stringify([machine, costs.steps, config])
    let point: CostPoint | null | undefined = known.get(key)
    if (point === undefined) {
      yield { kind: 'measuring', attention, length, done, of: wanted.length }
      point = await measure(options, config, attention)
      if (point === null) break
      log.append({ key, point })
      await log.flush()
    }
    points.push(point)
    yield { kind: 'cost', point, done: done + 1, of: wanted.length }
  }
  return points
}

/** The base with this attention in all layers, and `tokens` / `length` sequences per step. */
export function costConfig(
  { base }: AblationSpec,
  { tokens }: CostSpec,
  attention: AttentionKind,
  length: number,
): ModelConfig {
  const changes = {
    n_ctx: length,
    train_batch_size: tokens / length,
    attention_types: [[[attention], base.n_layer]],
    tokens_per_mb_per_replica: 0,
  }
  return parseModelConfig(base, 'base', { changes }).config
}

/** Null if the signal came. */
async function measure(
  { engine, costs, machine, signal }: CostOptions,
  config: ModelConfig,
  attention: AttentionKind,
): Promise<CostPoint | null> {
  const { n_ctx: length, train_batch_size: batch } = config
  const trainer = new Trainer(engine, config)
  try {
    const { memory } = await trainer.prepare()
    await trainer.initialise()
    const seconds: number[] = []
    const cpuSeconds: number[] = []
    for (let step = -1; step < costs.steps; step++) {
      if (signal?.aborted) return null
      const ids = someIds(config, step)
      const cpu = runtime.cpuSeconds()
      const began = performance.now()
      const metrics = await trainer.trainOn(ids)
      await metrics.loss.readScalar()
      const ended = performance.now()
      const cpuEnded = runtime.cpuSeconds()
      for (const array of Object.values(metrics) as DeviceArray[]) array.dispose()
      if (step < 0) continue
      seconds.push((ended - began) / 1000)
      cpuSeconds.push(cpuEnded - cpu)
    }
    return {
      attention,
      length,
      batch,
      seconds,
      cpuSeconds,
      microsecondsPerToken: (median(seconds) / costs.tokens) * 1e6,
      flopsPerToken: costsOf(config).trainingFlops,
      stepMemory: bytesNeeded(memory),
      machine,
    }
  } finally {
    trainer.dispose()
  }
}

/** Ids spread over the vocabulary: step time does not depend on what is learned. */
function someIds({ n_ctx, n_vocab, train_batch_size }: ModelConfig, step: number): Int32Array {
  const size = train_batch_size * (n_ctx + 1)
  return Int32Array.from({ length: size }, (_, i) => (Math.imul(i + (step + 2) * size, 0x9e3779b1) >>> 0) % n_vocab)
}
