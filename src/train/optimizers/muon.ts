import type { ParameterSpec } from '../../model/index.js'
import { einsum, reshape, transpose, type Dim, type Tensor } from '../../tensor/index.js'
import { adamw } from './adamw.js'
import { checkpointDims, slotsLike, type Optimizer } from './optimizer.js'

const MOMENTUM = 0.95
/** Coefficients of the Newton-Schulz polynomial and how often it is applied. */
const [A, B, C] = [3.4445, -4.775, 2.0315]
const STEPS = 5

/**
 * Muon for the matrices inside of the layers: momentum 0.95 in Nesterov's form, orthogonalized approximately by five
 * Newton-Schulz steps, times 0.2 sqrt(longer side), which gives steps the size of AdamW's, so that both take the
 * same learning rate and decay. Embeddings, gains, biases and gates use AdamW.
 * Sources: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the scale is that of Liu
 * et al. 2025, "Muon is Scalable for LLM Training".
 */
export const muon: Optimizer = {
  couplesElements: true,
  slots: (spec, config) => (isMatrix(spec) ? slotsLike(spec, 'muon_m') : adamw.slots(spec, config)),
  update(given) {
    const {
      spec,
      parameter,
      gradient,
      slots,
      rate,
      config: { weight_decay = 0 },
    } = given
    if (!isMatrix(spec)) return adamw.update(given)
    const m = slots.muon_m.mul(MOMENTUM).add(gradient.mul(1 - MOMENTUM))
    const dims = checkpointDims(spec)
    const [rows, columns] = dims.slice(-2)
    const direction = orthogonalised(reshape(gradient.mul(1 - MOMENTUM).add(m.mul(MOMENTUM)), dims), rows, columns)
    const scaled = reshape(direction.mul(0.2 * Math.sqrt(Math.max(rows.size, columns.size))), spec.dims) as Tensor
    return { parameter: parameter.sub(scaled.add(parameter.mul(weight_decay)).mul(rate)), slots: { muon_m: m } }
  },
}

/** Whether a parameter is a matrix (or several) that maps hidden states to hidden states. */
export function isMatrix({ name, shape }: ParameterSpec): boolean {
  return shape.length >= 2 && /\/(attn\/[qkvo]|kernel)$/.test(name) && !/_gating\/|wte_final_linear/.test(name)
}

/**
 * X of singular values near 1 with the singular vectors of x [..., rows, columns]: X <- a X + (b X X^T + c (X
 * X^T)^2) X, begun at x over its norm.
 */
export function orthogonalised(x: Tensor, rows: Dim, columns: Dim): Tensor {
  const [short, long] = rows.size <= columns.size ? [rows, columns] : [columns, rows]
  const outer = x.dims.filter(({ name }) => name !== rows.name && name !== columns.name)
  const [p, q] = [short, { name: `${short.name}_2`, size: short.size }]
  const [as, middle] = [(y: Tensor, to: Dim) => y.rename(p, to), { name: `${short.name}_3`, size: short.size }]
  let y = x.div(x.square().sum(rows, columns).sqrt().add(1e-7)) as Tensor
  for (let i = 0; i < STEPS; i++) {
    const gram = einsum([y, as(y, q)], [...outer, p, q]) as Tensor
    const squared = einsum([gram.rename(q, middle), as(gram, middle)], [...outer, p, q]) as Tensor
    const mixing = gram.mul(B).add(squared.mul(C)) as Tensor
    y = y.mul(A).add(einsum([mixing, as(y, q)], [...outer, p, long])) as Tensor
  }
  return transpose(y, x.dims)
}
