import type { ModelConfig } from '../config/index.js'
import { DeviceArray, jit, type Engine } from '../engine/index.js'
import { nextTokenProblem, type GptNeo, type Parameters } from '../model/index.js'
import { dim, type Tensor } from '../tensor/index.js'
import { EvaluationError } from './error.js'

/** Tokens to score in one pass over the model. */
export interface Passage {
  /** At least 2 ids and at most n_ctx + 1: the last one is not seen by the model. */
  readonly ids: Int32Array
  /** Indices of `ids` to score, each from the ids before it; >= 1 and ascending. */
  readonly scored: Int32Array
}

/** The scores of a passage's tokens, in the order of `scored`. */
export interface PassageScores {
  /** Nats. */
  readonly logProbabilities: Float32Array
  /** 1 where a token is the most likely one. */
  readonly greedy: Uint8Array
}

export interface ScoreOptions {
  readonly onProgress?: (done: number, of: number) => void
  readonly signal?: AbortSignal
}

export interface Scorer {
  /**
   * Scores passages in batches, the longest first. The scores do not depend on what else is in a batch, but for the last
   * bits of a float. Throws EvaluationError where the model's logits are not finite, or the signal's reason.
   */
  (parameters: Parameters<DeviceArray>, passages: readonly Passage[], options?: ScoreOptions): Promise<PassageScores[]>
  /** Frees the compiled programs. */
  dispose(): void
}

/** Tokens in one pass: enough for a processor's cores, little enough for the memory of a large model. */
const TOKENS_PER_PASS = 2048

/** Makes a function that scores given tokens with a causal model of any kinds of attention. Throws EvaluationError. */
export function createScorer(engine: Engine, model: GptNeo): Scorer {
  const { config } = model
  checkCausal(config)
  // Padding tokens would take the capacity of experts from others, so that mixtures are scored one text at a time.
  const exact = config.moe_layers.length > 0
  const run = jit(
    engine,
    (parameters: Parameters, ids: Tensor<'batch' | 'sequence'>, labels: Tensor<'batch' | 'sequence'>) => {
      const { logProbability, greedy } = model.scores(parameters, ids, labels)
      return { logProbability, greedy }
    },
    { name: 'score', parameterArgs: [0] },
  )

  const scoreBatch = async (
    parameters: Parameters<DeviceArray>,
    batch: readonly Passage[],
    width: number,
    rows: number,
  ) => {
    const ids = new Int32Array(rows * width).fill(config.padding_id ?? 0)
    const labels = new Int32Array(rows * width).fill(-1)
    for (const [row, { ids: all, scored }] of batch.entries()) {
      ids.set(all.subarray(0, all.length - 1), row * width)
      for (const at of scored) labels[row * width + at - 1] = all[at]
    }
    const dims = [dim('batch', rows), dim('sequence', width)] as const
    const given = [ids, labels].map((data) => DeviceArray.from(engine, data, dims, 'i32'))
    const { logProbability, greedy } = await run(parameters, given[0] as never, given[1] as never)
    const [logs, best] = await Promise.all([logProbability.read(), greedy.read()])
    for (const array of [...given, logProbability, greedy]) array.dispose()
    return batch.map(({ scored }, row): PassageScores => {
      const at = (i: number) => row * width + scored[i] - 1
      const logProbabilities = Float32Array.from(scored, (_, i) => logs[at(i)])
      if (logProbabilities.some((x) => !Number.isFinite(x)))
        throw new EvaluationError(
          "the model's logits must be finite (got NaN or infinity). Its weights are damaged, or its training diverged: " +
            'use an earlier checkpoint',
        )
      return { logProbabilities, greedy: Uint8Array.from(scored, (_, i) => best[at(i)]) }
    })
  }

  const score = async (
    parameters: Parameters<DeviceArray>,
    passages: readonly Passage[],
    { onProgress, signal }: ScoreOptions = {},
  ) => {
    const results: PassageScores[] = Array.from({ length: passages.length })
    let done = 0
    for (const { width, rows, members } of batchesOf(passages, config.n_ctx, exact)) {
      signal?.throwIfAborted()
      const scores = await scoreBatch(
        parameters,
        members.map((number) => passages[number]),
        width,
        rows,
      )
      members.forEach((number, i) => (results[number] = scores[i]))
      done += members.length
      onProgress?.(done, passages.length)
    }
    return results
  }
  return Object.assign(score, { dispose: run.dispose })
}

/** Throws EvaluationError for a model that does not predict next tokens. */
export function checkCausal(config: ModelConfig): void {
  const problem = nextTokenProblem(config)
  if (problem !== null) throw new EvaluationError(`the model ${problem}. Evaluate it by its validation loss`)
}

interface Batch {
  /** Compiled length. */
  readonly width: number
  /** Compiled number of rows, of which the first hold passages. */
  readonly rows: number
  /** Numbers of its passages. */
  readonly members: readonly number[]
}

/**
 * Passages of like lengths together, the longest first, so that what does not fit in memory shows at once. The number of rows
 * follows from the length, so that there is a program per length and not per number of passages.
 */
export function batchesOf(passages: readonly Pick<Passage, 'ids'>[], context: number, exact: boolean): Batch[] {
  const inputs = (number: number) => passages[number].ids.length - 1
  const sorted = [...passages.keys()].sort((a, b) => inputs(b) - inputs(a))
  const enough = 2 ** Math.ceil(Math.log2(Math.max(1, sorted.length)))
  const batches: Batch[] = []
  for (let at = 0; at < sorted.length;) {
    const longest = inputs(sorted[at])
    const width = exact ? longest : paddedLength(longest, context)
    const rows = exact ? 1 : Math.min(enough, Math.max(1, Math.floor(TOKENS_PER_PASS / width)))
    batches.push({ width, rows, members: sorted.slice(at, at + rows) })
    at += rows
  }
  return batches
}

/** The length that a text is padded to: two per octave from 32 on, so that few programs serve all lengths. */
export function paddedLength(length: number, context: number): number {
  const octave = 2 ** Math.floor(Math.log2(Math.max(32, length)))
  const padded = [octave, 1.5 * octave, 2 * octave].find((size) => size >= length)!
  return Math.min(context, padded)
}
