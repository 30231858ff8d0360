import { DeviceArray, jit, type Engine } from '../engine/index.js'
import type { GptNeo, Parameters } from '../model/index.js'
import { cast, constant, dim, random, range, reshape, slice, where, type Tensor } from '../tensor/index.js'
import type { Tally } from './label-scores.js'
import { packedExamples } from './packed-examples.js'
import { examplesOf } from './step.js'

/** The sequences to evaluate on. */
export interface Samples {
  readonly size: number
  /** @default n_ctx */
  readonly contextLength?: number
  /** One more id than the context length. */
  read(number: number): Promise<Int32Array>
  /** Of labelled data (Dataset.groups). */
  groups?(number: number): readonly string[]
}

/** Label of padding rows: outside every vocabulary, so it adds nothing to the cross entropy. */
const NO_LABEL = -1

export interface MeanLossOptions {
  /** Maximum number of batches; 0 for all. @default 0 */
  readonly limit?: number
  readonly onBatch?: (done: number, of: number) => void
  readonly signal?: AbortSignal
}

export interface MeanLossResult {
  readonly loss: number
  readonly tokens: number
  /** Of labelled data: the fraction of labels that are the most likely token. */
  readonly accuracy?: number
  /** Of labelled data: the labels by the groups of the data. */
  readonly groups?: Readonly<Record<string, Tally>>
}

export interface MeanLoss {
  /**
   * Mean cross entropy over samples, in nats a token, and the number of tokens: all, or with mlm_training the masked ones.
   * @throws the signal's reason; RangeError if no token counts
   */
  (parameters: Parameters<DeviceArray>, samples: Samples, options?: MeanLossOptions): Promise<MeanLossResult>
  /** Frees the compiled program. */
  dispose(): void
}

/**
 * Makes a function that gives the mean cross entropy: the sum over the tokens that count, divided once. Masks depend on
 * the sample's number alone, so that the batch size changes neither them nor the mean.
 * @param options completions: whether rows hold several documents, of which some tokens count
 */
export function meanLoss(
  engine: Engine,
  model: GptNeo,
  { completions = false }: { readonly completions?: boolean } = {},
): MeanLoss {
  const { config } = model
  const size = config.eval_batch_size ?? config.train_batch_size
  const width = config.n_ctx + 1
  const countsMasked = completions || (config.mlm_training && config.compat !== 'gpt-neo')
  const evaluate = jit(
    engine,
    (parameters: Parameters, ids: Tensor, first: Tensor<never>) => {
      const [batch, tokens] = ids.dims
      const numbers = cast(range(batch).add(first) as Tensor, 'u32')
      const made = (completions ? packedExamples : examplesOf)(
        ids,
        config,
        random.foldIn(random.key(config.seed), numbers),
      )
      // A padding row is all NO_LABEL, which is the zero vector as an input.
      const padding = reshape(slice(ids, tokens, 0, 1), [batch]).less(0)
      const labels = where(padding, constant(NO_LABEL, 'i32'), made.labels) as typeof made.labels
      const { crossEntropy, counted } = model.loss(parameters, made.inputs, labels, { packing: made.packing })
      return { crossEntropy, counted }
    },
    { name: 'evaluate', parameterArgs: [0], strict: true },
  )

  /** Rows to pad the last batch to. Padding rows would take the capacity of experts from others, so these get none. */
  const rowsFor = (live: number) => (config.moe_layers.length > 0 && live % model.parts('batch') === 0 ? live : size)

  const run = async (
    parameters: Parameters<DeviceArray>,
    samples: Samples,
    { limit = 0, onBatch, signal }: MeanLossOptions = {},
  ) => {
    const count = Math.min(samples.size, limit > 0 ? limit * size : samples.size)
    const batches = Math.ceil(count / size)
    let sum = 0
    let masked = 0
    for (let batch = 0; batch < batches; batch++) {
      signal?.throwIfAborted()
      const live = Math.min(size, count - batch * size)
      const rows = rowsFor(live)
      const ids = new Int32Array(rows * width).fill(NO_LABEL)
      for (let row = 0; row < live; row++) ids.set(await samples.read(batch * size + row), row * width)
      const given = DeviceArray.from(engine, ids, [dim('batch', rows), dim('tokens', width)], 'i32')
      const first = DeviceArray.from(engine, Int32Array.of(batch * size), [], 'i32')
      const { crossEntropy, counted } = await evaluate(parameters, given, first)
      const tokens = await counted.readScalar()
      sum += (await crossEntropy.readScalar()) * tokens
      masked += tokens
      for (const array of [crossEntropy, counted, given, first]) array.dispose()
      onBatch?.(batch + 1, batches)
    }
    const tokens = countsMasked ? masked : count * config.n_ctx
    if (tokens === 0)
      throw new RangeError(
        `validation data must have a masked token (got none in ${count} sequences). Raise mlm_mask_prob, or use more data`,
      )
    return { loss: sum / tokens, tokens }
  }
  return Object.assign(run, { dispose: evaluate.dispose })
}
