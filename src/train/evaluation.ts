import type { Dataset } from '../data/index.js'
import type { MeanLoss } from './mean-loss.js'
import type { MetricsLog } from './metrics.js'
import type { TrainEvent } from './train.js'

export interface Evaluation {
  readonly step: number
  readonly parameters: Parameters<MeanLoss>[0]
  readonly evaluate: MeanLoss
  readonly data: Dataset
  /** Batches at most; 0 for all. */
  readonly limit: number
  readonly log: MetricsLog
  readonly signal?: AbortSignal
}

/**
 * Evaluates the parameters after a step and logs it, telling of progress. An evaluation that the log has already is
 * told again, not made again. Aborted, it ends without a result.
 */
export async function* evaluation(options: Evaluation): AsyncGenerator<TrainEvent> {
  const { step, parameters, evaluate, data, limit, log, signal } = options
  const known = log.evaluationAfter(step)
  if (known) {
    const { validation_loss: loss, perplexity = Math.exp(loss), bits_per_byte: bitsPerByte = null } = known
    yield { kind: 'evaluation', step, loss, perplexity, bitsPerByte }
    return
  }
  if (signal?.aborted) return
  const progress = createQueue<TrainEvent>()
  const result = evaluate(parameters, data, {
    limit,
    signal,
    onBatch: (done, of) => progress.push({ kind: 'evaluating', done, of }),
  }).finally(progress.end)
  result.catch(() => {}) // awaited below, after the events
  yield* progress.items()
  let loss
  try {
    loss = (await result).loss
  } catch (cause) {
    if (signal?.aborted) return
    throw cause
  }
  const bitsPerByte = data.bytesPerToken === undefined ? null : loss / Math.LN2 / data.bytesPerToken
  const perplexity = Math.exp(loss)
  const bits = bitsPerByte === null ? {} : { bits_per_byte: bitsPerByte }
  log.write({ step, validation_loss: loss, perplexity, ...bits })
  yield { kind: 'evaluation', step, loss, perplexity, bitsPerByte }
}

/** Items pushed by callbacks, to be iterated over as they come. */
function createQueue<T>() {
  const waiting: T[] = []
  let over = false
  let wake = () => {}
  return {
    push(item: T) {
      waiting.push(item)
      wake()
    },
    end() {
      over = true
      wake()
    },
    async *items(): AsyncGenerator<T> {
      for (;;) {
        yield* waiting.splice(0)
        if (over) return
        await new Promise<void>((resolve) => {
          wake = resolve
          if (over || waiting.length > 0) resolve()
        })
      }
    },
  }
}
