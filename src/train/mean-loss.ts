import type { ModelConfig } from '../config/index.js'
import { DeviceArray, jit, type Engine } from '../engine/index.js'
import { partsOn } from '../mesh/index.js'
import { loss, modelOf, scopeOf, type LayerMode, type Parameters, type ParameterSpec } from '../model/index.js'
import { dim, random, type Tensor } from '../tensor/index.js'
import { examplesOf } from './step.js'

/** Where the sequences to evaluate on come from. */
export interface Samples {
  readonly size: number
  /** n_ctx + 1 ids. */
  read(number: number): Promise<Int32Array>
}

/** Label of filler rows: outside every vocabulary, so it adds nothing to the cross entropy. */
const NO_LABEL = -1

export interface MeanLossOptions {
  /** Batches at most; 0 for all. @default 0 */
  readonly limit?: number
  readonly onBatch?: (done: number, of: number) => void
  readonly signal?: AbortSignal
}

export interface MeanLoss {
  /** Mean cross entropy over samples, in nats a token, and of how many tokens. Rejects with the signal's reason. */
  (
    parameters: Parameters<DeviceArray>,
    samples: Samples,
    options?: MeanLossOptions,
  ): Promise<{ loss: number; tokens: number }>
  /** Frees what was compiled. */
  dispose(): void
}

/** Makes a function that gives the mean cross entropy. The last batch is filled up with rows that do not count. */
export function meanLoss(
  engine: Engine,
  config: ModelConfig,
  specs: readonly ParameterSpec[],
  layers: LayerMode,
): MeanLoss {
  const size = config.eval_batch_size ?? config.train_batch_size
  const width = config.n_ctx + 1
  const rows = [dim('batch', size), dim('tokens', width)]
  const evaluate = jit(
    engine,
    (parameters: Parameters, ids: Tensor) => {
      const model = modelOf(config, { batch: size, parts: partsOn(engine.placement) })
      const { inputs, labels } = examplesOf(ids, config, random.key(config.seed))
      // A filler row is all NO_LABEL; as an input that is the zero vector.
      return loss(scopeOf(model, specs, parameters, layers), inputs, labels, model).crossEntropy
    },
    { name: 'evaluate', parameterArgs: [0], strict: true },
  )

  const run = async (
    parameters: Parameters<DeviceArray>,
    samples: Samples,
    { limit = 0, onBatch, signal }: MeanLossOptions = {},
  ) => {
    const count = Math.min(samples.size, limit > 0 ? limit * size : samples.size)
    const batches = Math.ceil(count / size)
    let sum = 0
    for (let batch = 0; batch < batches; batch++) {
      signal?.throwIfAborted()
      const ids = new Int32Array(size * width).fill(NO_LABEL)
      const live = Math.min(size, count - batch * size)
      for (let row = 0; row < live; row++) ids.set(await samples.read(batch * size + row), row * width)
      const given = DeviceArray.from(engine, ids, rows, 'i32')
      const mean = await evaluate(parameters, given)
      sum += (await mean.readScalar()) * size
      mean.dispose()
      given.dispose()
      onBatch?.(batch + 1, batches)
    }
    return { loss: sum / count, tokens: count * config.n_ctx }
  }
  return Object.assign(run, { dispose: evaluate.dispose })
}
