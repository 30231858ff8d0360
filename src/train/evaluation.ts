import type { ModelConfig } from '../config/index.js'
import { identityOf, type Dataset } from '../data/index.js'
import type { MeanLoss } from './mean-loss.js'
import type { Evaluated, MetricsLog } from './metrics.js'
import type { TrainEvent } from './events.js'
import { createQueue } from './queue.js'

export interface Evaluation {
  readonly step: number
  readonly parameters: Parameters<MeanLoss>[0]
  readonly evaluate: MeanLoss
  readonly data: Dataset
  readonly evaluated: Evaluated
  readonly config: ModelConfig
  readonly log: MetricsLog
  readonly signal?: AbortSignal
}

/**
 * Evaluates the parameters after a step and logs it with what was evaluated, reporting progress. An
 * evaluation of the same data that the log has already is reported from there. Aborted, it ends without a result.
 */
export async function* evaluation(options: Evaluation): AsyncGenerator<TrainEvent> {
  const { step, parameters, evaluate, data, evaluated, config, log, signal } = options
  const logged = log.evaluationAfter(step, evaluated)
  if (logged) {
    const { validation_loss: loss, perplexity = Math.exp(loss), bits_per_byte: bitsPerByte = null } = logged
    const { accuracy, accuracy_by: groups } = logged
    yield { kind: 'evaluation', step, loss, perplexity, bitsPerByte, accuracy, groups }
    return
  }
  if (signal?.aborted) return
  const progress = createQueue<TrainEvent>()
  const result = evaluate(parameters, data, {
    limit: config.eval_steps,
    signal,
    onBatch: (done, of) => progress.push({ kind: 'evaluating', done, of }),
  }).finally(progress.end)
  result.catch(() => {}) // awaited below, after the events
  yield* progress.items()
  let loss, accuracy, groups
  try {
    ;({ loss, accuracy, groups } = await result)
  } catch (cause) {
    if (signal?.aborted) return
    throw cause
  }
  const bitsPerByte =
    data.bytesPerToken === undefined || config.mlm_training ? null : loss / Math.LN2 / data.bytesPerToken
  const perplexity = Math.exp(loss)
  const bits = bitsPerByte === null ? {} : { bits_per_byte: bitsPerByte }
  const labels = accuracy === undefined ? {} : { accuracy, accuracy_by: groups }
  log.write({ step, validation_loss: loss, perplexity, ...bits, ...labels, ...evaluated })
  yield { kind: 'evaluation', step, loss, perplexity, bitsPerByte, accuracy, groups }
}

/** What an evaluation under this config is computed on. */
export async function evaluatedOf(data: Dataset, config: ModelConfig): Promise<Evaluated> {
  const batch = config.eval_batch_size ?? config.train_batch_size
  const limit = config.eval_steps > 0 ? config.eval_steps * batch : Infinity
  return {
    validation_data: await identityOf(data),
    validation_sequences: Math.min(data.size, limit),
    validation_batch: batch,
  }
}
