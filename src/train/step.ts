import type { ModelConfig } from '../config/index.js'
import { loss, modelOf, scopeOf, type LayerMode, type Parameters, type ParameterSpec } from '../model/index.js'
import {
  dim, reshape, scan, slice, spec, transpose, valueAndGradAux, zeros, type Spec, type Tensor, type Value,
} from '../tensor/index.js'
import { clip, OPTIMIZERS } from './optimizers/index.js'
import { learningRate } from './schedule.js'

/** Everything that a step changes. */
export interface TrainState<T = Tensor, Scalar = T extends Tensor ? Tensor<never> : T> {
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
export function stateSpecs(specs: readonly ParameterSpec[], config: ModelConfig): TrainState<Spec> {
  const { slots } = OPTIMIZERS[config.opt_name]
  return {
    parameters: Object.fromEntries(specs.map(({ name, dims }) => [name, spec(dims)])),
    slots: Object.fromEntries(specs.map(({ name, dims }) => [name, Object.fromEntries(slots.map((slot) => [slot, spec(dims)]))])),
    step: spec([], 'i32'),
  }
}

/**
 * One training step as a function to trace. `ids` are i32 [batch, tokens] with n_ctx + 1 tokens: inputs are all but the
 * last, labels all but the first.
 */
export function trainStep(config: ModelConfig, specs: readonly ParameterSpec[], layers: LayerMode) {
  const batch = dim('batch', config.train_batch_size)
  const microbatches = microbatchCount(config)
  const optimizer = OPTIMIZERS[config.opt_name]

  return (state: TrainState, ids: Tensor): { state: TrainState; metrics: StepMetrics } => {
    const differentiate = (parameters: Parameters, part: Tensor, size: number) => {
      const model = modelOf(config, { batch: size })
      const { inputs, labels } = split(part, config.n_ctx)
      return valueAndGradAux((p: Parameters) => {
        const result = loss(scopeOf(model, specs, p, layers), inputs, labels, model)
        return [result.loss, result.crossEntropy]
      })(parameters)
    }
    const [meanLoss, summed] = accumulate(state.parameters, ids, batch.size, microbatches, differentiate)
    const { gradients, norm } = clip(summed, config.gradient_clipping)
    const rate = learningRate(state.step, config)
    const parameters: Record<string, Tensor> = {}
    const slots: Record<string, Record<string, Tensor>> = {}
    for (const each of specs) {
      const { name } = each
      const updated = optimizer.update({
        spec: each, parameter: state.parameters[name], gradient: gradients[name], slots: state.slots[name], rate, step: state.step, config,
      })
      parameters[name] = updated.parameter
      slots[name] = updated.slots
    }
    return { state: { parameters, slots, step: state.step.add(1) }, metrics: { loss: meanLoss, gradientNorm: norm, learningRate: rate } }
  }
}

/**
 * Microbatches in a step. Source: Mesh TensorFlow utils.py (serialize_num_microbatches): a microbatch has
 * tokens_per_mb_per_replica // n_ctx sequences, or the next lower number that divides the batch.
 */
export function microbatchCount({ train_batch_size, tokens_per_mb_per_replica, n_ctx }: ModelConfig): number {
  if (!tokens_per_mb_per_replica) return 1
  let size = Math.max(1, Math.min(train_batch_size, Math.floor(tokens_per_mb_per_replica / n_ctx)))
  while (train_batch_size % size !== 0) size--
  return train_batch_size / size
}

/** Inputs and labels of rows of n_ctx + 1 ids. */
export function split(ids: Tensor, length: number): { inputs: Tensor<'batch' | 'sequence'>; labels: Tensor<'batch' | 'sequence'> } {
  const [batch, tokens] = ids.dims
  const sequence = dim('sequence', length)
  const part = (start: number) => reshape(slice(ids, tokens, start, length), [batch, sequence]) as Tensor<'batch' | 'sequence'>
  return { inputs: part(0), labels: part(1) }
}

/** Mean loss and gradient over microbatches, of which the m-th has examples m, m + M, ... as in Mesh TensorFlow. */
function accumulate(
  parameters: Parameters, ids: Tensor, batchSize: number, count: number,
  differentiate: (parameters: Parameters, part: Tensor, size: number) => readonly [Tensor<never>, Parameters, unknown],
): [Tensor<never>, Parameters] {
  if (count === 1) {
    const [value, grads] = differentiate(parameters, ids, batchSize)
    return [value, grads]
  }
  const along = dim('microbatches', count)
  const size = batchSize / count
  const [, tokens] = ids.dims
  const part = dim('batch', size)
  const parts = transpose(reshape(ids, [part, along, tokens]), [along, part, tokens])
  const start = [zeros([]), Object.fromEntries(Object.entries(parameters).map(([name, x]) => [name, zeros(x.dims)]))] as readonly [Tensor, Parameters]
  const [[total, sums]] = scan(along, start, parts, ([lossSum, gradSums], rows) => {
    const [value, grads] = differentiate(parameters, rows as Tensor, size)
    return [
      [lossSum.add(value.mul(1 / count)), Object.fromEntries(Object.entries(gradSums).map(([name, sum]) => [name, sum.add(grads[name].mul(1 / count))]))],
      [],
    ] as const
  })
  return [total as Value as Tensor<never>, sums]
}
