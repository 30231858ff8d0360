import {
  outputOfHeads,
  projectHeads,
  type AnyAttentionKind,
  type AttentionWeights,
  type Positions,
  type ProjectContext,
  type Projections,
} from '../attention/index.js'
import { einsum, type Tensor } from '../tensor/index.js'
import type { Hidden, Model } from './dims.js'
import { dropout } from './dropout.js'
import { rotation, usesRotary } from './positions/rotary.js'
import { residualBranch, type ResidualBranch } from './residual.js'
import type { Scope } from './scope.js'

/**
 * Attention of each position to itself and earlier ones, or to all if the model is not causal, by a kind's projections,
 * mathematics and output. x [batch, sequence, embd] -> the same dims and dtype.
 */
export function attention(at: Scope, x: Hidden, kind: AnyAttentionKind, model: Model): ResidualBranch {
  const projected = project(at, x, kind, model)
  const rate = at.isTraining && kind.keys.includes('attn_dropout') ? model.config.attn_dropout : 0
  const drop = (weights: AttentionWeights) => dropout(at, 'attn_dropout', weights, rate)
  const dropped = rate > 0 ? drop : undefined
  const mixed = model.packing ? within(kind, projected, model, dropped) : kind.attend(projected, model, dropped)
  return output(at, mixed, kind, model)
}

/** What a kind attends to where rows hold several documents: by its weights, of which those between documents are 0. */
function within(
  kind: AnyAttentionKind,
  projected: Projections,
  model: Model,
  drop?: (weights: AttentionWeights) => AttentionWeights,
): Tensor {
  if (kind.attendsWithinDocuments) return kind.attend(projected, model, drop)
  const weights = kind.weights?.(projected, model)
  if (!weights || !projected.v) throw new RangeError('rows of several documents need attention kinds with weights')
  const { batch, sequence, heads, features } = model
  const cast = weights.cast(projected.v.dtype)
  return einsum([drop ? drop(cast) : cast, projected.v], [batch, sequence, heads, features])
}

/** What a layer attends with. `position`: of the one token per row, unless there are several. */
export function project(at: Scope, x: Hidden, kind: AnyAttentionKind, model: Model, position?: Positions): Projections {
  const turn = usesRotary(model.config) ? rotation(model, position) : null
  const context: ProjectContext = {
    position,
    rotate: (y, features) => (!turn ? y : features ? rotation({ ...model, features }, position, 1)(y) : turn(y)),
  }
  return kind.project ? kind.project(at, x, model, context) : projectHeads(at, x, model, context)
}

/** What a layer adds to the stream, from what it attended to. */
export function output(at: Scope, mixed: Tensor, kind: AnyAttentionKind, model: Model): ResidualBranch {
  const { product, bias } = kind.output ? kind.output(at, mixed, model) : outputOfHeads(at, mixed, model)
  return residualBranch(at, 'res_dropout', product, bias, model.config.res_dropout)
}
