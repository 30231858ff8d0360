import { microbatchCount, type ModelConfig } from '../config/index.js'
import { lower, type Lowered } from '../engine/index.js'
import type { Placement } from '../mesh/index.js'
import {
  countedLabels,
  GptNeo,
  hashOf,
  isTrained,
  type LossOptions,
  maskTokens,
  type LayerMode,
  type Parameters,
} from '../model/index.js'
import {
  cast,
  dim,
  random,
  range,
  reshape,
  scan,
  slice,
  spec,
  total,
  transpose,
  valueAndGradAux,
  zeros,
  type DType,
  type Spec,
  type Tensor,
  type Value,
} from '../tensor/index.js'
import { clip, slotsOf, update } from './optimizers/index.js'
import { learningRate } from './schedule.js'

/** The state that a step updates. */
export interface TrainState<T = Tensor, Scalar = T extends Tensor ? Tensor<never> : T> {
  /** Those that are trained. */
  readonly parameters: Parameters<T>
  /** By parameter, then by slot. */
  readonly slots: { readonly [name: string]: { readonly [slot: string]: T } }
  /** i32 scalar: steps done. */
  readonly step: Scalar
}

export interface StepMetrics<T = Tensor<never>> {
  /** Mean loss of the step's tokens, before its update. */
  readonly loss: T
  /** Norm of all gradients, before clipping. */
  readonly gradientNorm: T
  readonly learningRate: T
}

/** Dims and dtypes of a run's state. */
export function stateSpecs({ trained, config }: Pick<GptNeo, 'trained' | 'config'>): TrainState<Spec> {
  return {
    parameters: Object.fromEntries(trained.map(({ name, dims }) => [name, spec(dims)])),
    slots: Object.fromEntries(
      trained.map((each) => [
        each.name,
        Object.fromEntries(slotsOf(each, config).map((slot) => [slot.name, spec(slot.dims)])),
      ]),
    ),
    step: spec([], 'i32'),
  }
}

/** Dims and dtypes of the parameters that are not trained. */
export function frozenSpecs({ specs, config }: Pick<GptNeo, 'specs' | 'config'>): Parameters<Spec> {
  const frozen = specs.filter(({ name }) => !isTrained(name, config))
  return Object.fromEntries(frozen.map(({ name, dims }) => [name, spec(dims)]))
}

export interface StepOptions {
  /** Step at which the optimizer's state began, from which its bias corrections count. @default 0 */
  readonly optimizerStart?: number
  /** Makes inputs and labels from rows of ids. @default examplesOf */
  readonly examples?: (ids: Tensor, config: ModelConfig, key: random.Key) => Examples
}

/**
 * The training step lowered for XLA, for a mesh that this machine need not have; the state is donated.
 * @param layers `scan` by default, so that compile time does not depend on depth
 */
export function lowerStep(
  config: ModelConfig,
  placement: Placement | null = null,
  layers: LayerMode = 'scan',
): Lowered {
  const model = new GptNeo(config, { layers, placement })
  const ids = spec([dim('batch', config.train_batch_size), dim('tokens', config.n_ctx + 1)], 'i32')
  return lower(trainStep(model), [stateSpecs(model), ids, frozenSpecs(model)], {
    donate: [0],
    parameterArgs: [0, 2],
    placement,
    name: 'train_step',
  })
}

/**
 * One training step as a function to trace. `frozen` are the parameters that are not trained; `ids` are i32 [batch, tokens] with n_ctx + 1 tokens, from which `examples`
 * makes inputs and labels.
 */
export function trainStep(model: GptNeo, options: StepOptions = {}) {
  const { config, trained } = model
  const { optimizerStart = 0 } = options
  const differentiate = lossAndGradients(model, options)

  return (state: TrainState, ids: Tensor, frozen: Parameters = {}): { state: TrainState; metrics: StepMetrics } => {
    const { loss: meanLoss, gradients: summed } = differentiate(state.parameters, ids, state.step, frozen)
    const { gradients, norm } = clip(summed, config.gradient_clipping)
    const rate = learningRate(state.step, config)
    const age = optimizerStart > 0 ? state.step.sub(optimizerStart) : state.step
    const parameters: Record<string, Tensor> = {}
    const slots: Record<string, Record<string, Tensor>> = {}
    for (const each of trained) {
      const { name } = each
      const updated = update({
        spec: each,
        parameter: state.parameters[name],
        gradient: gradients[name],
        slots: state.slots[name],
        rate,
        step: age,
        config,
      })
      parameters[name] = updated.parameter
      slots[name] = updated.slots
    }
    return {
      state: { parameters, slots, step: state.step.add(1) },
      metrics: { loss: meanLoss, gradientNorm: norm, learningRate: rate },
    }
  }
}

/** Loss and gradients of a training step before clipping, as a function to trace. */
export function lossAndGradients(model: GptNeo, { examples = examplesOf }: StepOptions = {}) {
  const { config } = model
  const microbatches = microbatchCount(config, model.parts('batch'))
  return (
    parameters: Parameters,
    ids: Tensor,
    step: Tensor<never>,
    frozen: Parameters = {},
  ): { loss: Tensor<never>; gradients: Parameters } => {
    const stepKey = random.foldIn(random.foldIn(random.key(config.seed), hashOf('training')), cast(step, 'u32'))
    const prepare = (part: Tensor, index: Tensor<never> | number) => {
      const key = random.foldIn(stepKey, index)
      return { key, ...examples(part, config, key) }
    }
    const differentiate: Differentiate = (values, part, index, weight) => {
      const { key, inputs, labels, packing, labelled } = prepare(part, index)
      return valueAndGradAux((p: Parameters) => {
        const result = model.loss({ ...frozen, ...p }, inputs, labels, {
          training: { key },
          microbatches,
          weight,
          packing,
          labelled,
        })
        return [result.loss, result.crossEntropy]
      })(values)
    }
    // Each microbatch has its own number of masked tokens, over which its mean is; the original's is over all tokens.
    const counted = (part: Tensor, index: Tensor<never> | number) => {
      const { labels, packing, labelled } = prepare(part, index)
      return packing || labelled ? total(cast(labels.greaterEqual(0), 'f32')) : countedLabels(labels, model).counted
    }
    const masked = config.mlm_training && config.compat !== 'gpt-neo'
    const countOf = masked || examples !== examplesOf ? counted : null
    const [value, gradients] = accumulate(parameters, ids, microbatches, sumDType(config), differentiate, countOf)
    return { loss: value, gradients }
  }
}

/** Dtype in which microbatches' gradients are accumulated: f32, but bf16 in the original's bf16 runs. */
function sumDType({ compat, precision }: ModelConfig): DType {
  return compat === 'gpt-neo' && precision === 'bfloat16' ? 'bf16' : 'f32'
}

/**
 * Inputs and labels of rows of n_ctx + 1 ids: all but the last and all but the first; or with mlm_training the first
 * n_ctx with some of them masked, by random numbers of `key`.
 */
export function examplesOf(ids: Tensor, config: ModelConfig, key: random.Key): Examples {
  const { inputs, labels } = split(ids, config.n_ctx)
  return config.mlm_training
    ? (maskTokens(random.foldIn(key, hashOf('mask')), inputs, config) as Examples)
    : { inputs, labels }
}

export interface Examples {
  readonly inputs: Tensor<'batch' | 'sequence'>
  readonly labels: Tensor<'batch' | 'sequence'>
  /** Documents of the rows, if they hold several. */
  readonly packing?: LossOptions['packing']
  /** The most labels of a row, if some positions alone have one. */
  readonly labelled?: number
}

/** Inputs and next tokens of rows of n_ctx + 1 ids. */
export function split(ids: Tensor, length: number): Examples {
  const [batch, tokens] = ids.dims
  const sequence = dim('sequence', length)
  const part = (start: number) =>
    reshape(slice(ids, tokens, start, length), [batch, sequence]) as Tensor<'batch' | 'sequence'>
  return { inputs: part(0), labels: part(1) }
}

/** Loss and gradient of a microbatch; `weight` multiplies the mean over its tokens. */
type Differentiate = (
  parameters: Parameters,
  part: Tensor,
  index: Tensor<never> | number,
  weight?: Tensor<never>,
) => readonly [Tensor<never>, Parameters, unknown]

/**
 * Mean loss and gradient over microbatches, of which the m-th has examples m, m + M, ... as in Mesh TensorFlow. With
 * `countOf` the mean is over all tokens that it counts.
 */
function accumulate(
  parameters: Parameters,
  ids: Tensor,
  count: number,
  dtype: DType,
  differentiate: Differentiate,
  countOf: ((part: Tensor, index: Tensor<never> | number) => Tensor<never>) | null,
): [Tensor<never>, Parameters] {
  if (count === 1) {
    const [value, grads] = differentiate(parameters, ids, 0)
    return [value, grads]
  }
  const along = dim('microbatches', count)
  const [batch, tokens] = ids.dims
  const part = dim('batch', batch.size / count)
  const parts = transpose(reshape(ids, [part, along, tokens]), [along, part, tokens]) as Tensor
  const items = { parts, index: range(along, 'u32') as Tensor }
  const all =
    countOf &&
    scan(along, zeros([]) as Tensor, items, (sum, { parts: rows, index }) => [
      sum.add(countOf(rows, index as Value as Tensor<never>)) as Tensor,
      [],
    ])[0]
  const start = [zeros([]), mapValues(parameters, (x) => zeros(x.dims, dtype))] as readonly [Tensor, Parameters]
  const [[total, sums]] = scan(along, start, items, ([lossSum, gradSums], { parts: rows, index }) => {
    const number = index as Value as Tensor<never>
    const weight = all && countOf(rows, number).mul(count).div(all.maximum(1))
    const [value, grads] = differentiate(parameters, rows, number, (weight ?? undefined) as Tensor<never> | undefined)
    return [
      [
        lossSum.add(value.mul(1 / count)),
        mapValues(gradSums, (sum, name) => sum.add(cast(grads[name].mul(1 / count), dtype))),
      ],
      [],
    ] as const
  })
  return [total as Value as Tensor<never>, mapValues(sums, (sum) => cast(sum, 'f32'))]
}

function mapValues(of: Parameters, f: (x: Tensor, name: string) => Value): Parameters {
  return Object.fromEntries(Object.entries(of).map(([name, x]) => [name, f(x, name) as Tensor]))
}
