import type { ModelConfig } from '../../config/index.js'
import type { ParameterSpec } from '../../model/index.js'
import {
  add,
  cast,
  constant,
  maximum,
  pow,
  reshape,
  rsqrt,
  sub,
  type Dim,
  type Tensor,
  type Value,
} from '../../tensor/index.js'
import { unpaddedDims } from '../../model/index.js'
import { checkpointDims, readByOptimizer, type Optimizer, type Slot } from './optimizer.js'

/** Both dims of a factored parameter are at least this long. */
const LEAST_FACTORED = 128

/**
 * Adafactor as Mesh TensorFlow has it. With g2 = g^2 + eps1, the second moment v = d v + (1 - d) g2 is kept whole,
 * or for parameters with two dims of 128 or more as its means over the longest (vr) and the second longest dim (vc).
 * The step is g / sqrt v, scaled down to a root mean square of at most 1, times lr and the root mean square of the
 * parameter (at least eps2), averaged with beta1 if there is one. There is no weight decay: GPT-Neo gives
 * `weight_decay` as d, which without it is 1 - (step + 1)^-0.8. The rate is `lr`; GPT-Neo's schedule does not reach
 * it. Stacked layers are updated one by one.
 * Source: Shazeer and Stern 2018, "Adafactor"; Mesh TensorFlow optimize.py (AdafactorOptimizer), gpt-neo optimizers.py.
 */
export const adafactor: Optimizer = {
  couplesElements: true,
  slots(spec, config) {
    const factors = factorsOf(spec)
    const slot = (name: string, without?: Dim): Slot => {
      const dims = checkpointDims(spec).filter(({ name }) => name !== without?.name)
      const kept = unpaddedDims(dims, spec).slice(spec.names.length > 1 ? 1 : 0)
      return { name, dims, shape: kept.map(({ size }) => size) }
    }
    return [
      ...(factors ? [slot('_slot_vr', factors[0]), slot('_slot_vc', factors[1])] : [slot('_slot_v')]),
      ...(config.beta1 ? [slot('_slot_m')] : []),
    ]
  },
  update({ spec, parameter, gradient, slots, step, config }) {
    const { lr, beta1, ada_epsilon1: epsilon1, ada_epsilon2: epsilon2 } = config
    const dims = checkpointDims(spec)
    const ofLayer = spec.names.length > 1 ? dims.slice(1) : dims
    const shaped = (x: Tensor) => reshape(x, dims) as Tensor
    const rms = (x: Tensor) => (ofLayer.length > 0 ? x.square().mean(...ofLayer) : x.square()).sqrt() as Tensor

    const g = shaped(gradient)
    const decay = decayAt(step, config)
    const mixed = (before: Tensor, now: Value) => add(before.mul(decay), (now as Tensor).mul(sub(1, decay))) as Tensor
    const g2 = g.square().add(epsilon1)
    const next: Record<string, Tensor> = {}
    let x: Tensor
    const factors = factorsOf(spec)
    if (factors) {
      const [longest, second] = factors
      next._slot_vr = mixed(slots._slot_vr, g2.mean(longest))
      next._slot_vc = mixed(slots._slot_vc, g2.mean(second))
      const row = rsqrt(next._slot_vr.div(next._slot_vr.mean(second)))
      x = g.mul(row).mul(rsqrt(next._slot_vc)) as Tensor
    } else {
      next._slot_v = mixed(slots._slot_v, g2)
      x = g.mul(rsqrt(next._slot_v)) as Tensor
    }
    const scale = maximum(rms(shaped(readByOptimizer(parameter, config))), epsilon2).mul(lr)
    let change = x.div(maximum(rms(x), 1)).mul(scale) as Tensor
    if (beta1) change = next._slot_m = slots._slot_m.mul(beta1).add(change.mul(1 - beta1)) as Tensor
    return { parameter: parameter.sub(reshape(change, spec.dims)) as Tensor, slots: next }
  },
}

/** The longest and second longest dim of a checkpoint's variable, if both are long; the first of equals first. */
export function factorsOf({ shape, shapeNames }: ParameterSpec): [Dim, Dim] | null {
  const [longest, second] = shape.map((size, i) => ({ name: shapeNames[i], size })).sort((a, b) => b.size - a.size)
  return second && second.size >= LEAST_FACTORED ? [longest, second] : null
}

function decayAt(step: Tensor<never>, { weight_decay }: ModelConfig): Tensor<never> {
  if (weight_decay !== undefined) return constant(weight_decay, 'f32')
  return sub(1, pow(cast(step, 'f32').add(1), -0.8))
}
