import { reshape, type Tensor } from '../tensor/index.js'
import {
  attentionKind,
  type AnyAttentionKind,
  type Cache,
  type Positions,
  type Projections,
} from '../attention/index.js'
import { attention, output, project } from './attention.js'
import { addResidual, withBias, type ResidualBranch } from './residual.js'
import type { Hidden, LayerPlan, Model } from './dims.js'
import { feedForward } from './feed-forward.js'
import { mixture } from './moe/mixture.js'
import { norm, scaleNorm } from './norm.js'
import { zeros, type Scope } from './scope.js'

/** What goes from layer to layer. */
export interface Stream {
  readonly x: Hidden
  /** Sum of the layers' balance losses, f32; absent if there is no mixture of experts. */
  readonly balance?: Tensor<never>
}

/** One layer. Source: gpt-neo models/gpt2/gpt2.py (block). */
export function block(at: Scope, stream: Stream, plan: LayerPlan, model: Model): Stream {
  return residualBlock(at, stream, plan, model, (within, x, kind) => attention(within, x, kind, model))
}

/**
 * x + attention(norm(x)), then x + feedForward(norm(x)). With rezero no norms but a gain on what is added; with
 * macaron half a feed-forward before, of x as it is, and half a one after; with n_inner 0 none.
 */
function residualBlock(
  at: Scope,
  { x, balance }: Stream,
  plan: LayerPlan,
  model: Model,
  attend: (at: Scope, x: Hidden, kind: AnyAttentionKind) => ResidualBranch,
  dropless = false,
): Stream {
  const { config, original } = model
  const half = (added: ResidualBranch) => (config.macaron ? { x: withBias(added).mul(0.5) } : added)
  if (config.macaron) x = addResidual(x, half(feedForward(at.in('mlp_macaron'), x, model)))

  if (plan.attention !== 'none') {
    const attended = attend(at.in('attn'), normed(at, 'norm_1', x, model), attentionKind(plan.attention))
    x = addResidual(x, gained(at, 'norm_rezero_1', attended, model))
  }
  // GPT-Neo adds x itself, so that a layer without attention doubles the stream.
  else if (original) x = addResidual(x, gained(at, 'norm_rezero_1', { x }, model))

  if (config.n_inner === 0 && !plan.mixture) return { x, ...(balance && { balance }) }
  const ready = normed(at, 'norm_2', x, model)
  const mixed = plan.mixture ? mixture(at, ready, model, { dropless }) : null
  const added = mixed ?? feedForward(at.in('mlp'), ready, model)
  return {
    x: addResidual(x, gained(at, 'norm_rezero_2', half(added), model)),
    ...(balance && { balance: mixed ? balance.add(mixed.balance) : balance }),
  }
}

function normed(at: Scope, name: string, x: Hidden, model: Model): Hidden {
  if (model.config.rezero) return x
  return (model.config.scalenorm ? scaleNorm : norm)(at.in(name), x, model)
}

/** Times a gain that starts at 0, with rezero. Source: Bachlechner et al. 2020, "ReZero is All You Need". */
function gained(at: Scope, name: string, added: ResidualBranch, { config }: Model): ResidualBranch {
  return config.rezero ? { x: withBias(added).mul(at.in(name).param('g', [], zeros)) } : added
}

/** How a layer attends while it decodes, and the cache that it leaves. */
export interface DecodeStrategy {
  /** Of the first token of each row; absent where positions are 0, 1, ... */
  readonly position?: Positions
  attend(kind: AnyAttentionKind, projected: Projections, layer: number): { output: Tensor; cache: Cache }
}

/** As `block`, with what later positions need kept in a cache. Experts have room for every token. */
export function cachedBlock(
  at: Scope,
  x: Hidden,
  plan: LayerPlan,
  layer: number,
  model: Model,
  strategy: DecodeStrategy,
): { x: Hidden; cache: Cache } {
  let cache: Cache = {}
  const stream = residualBlock(
    at,
    { x },
    plan,
    model,
    (within, y, kind) => {
      const next = strategy.attend(kind, project(within, y, kind, model, strategy.position), layer)
      cache = next.cache
      return output(within, next.output, kind, model)
    },
    true,
  )
  return { x: stream.x, cache }
}

/** Makes caches for `capacity` positions from the first `lengths` of each row. */
export function prefilling(capacity: number, lengths: Positions, model: Model): DecodeStrategy {
  return {
    attend: (kind, projected) => ({
      output: kind.attend(projected, model),
      cache: kind.prefill(projected, lengths, capacity, model),
    }),
  }
}

/** Extends caches by one position. */
export function decoding(caches: readonly Cache[], position: Positions, model: Model): DecodeStrategy {
  return {
    position,
    attend: (kind, projected, layer) => kind.decode(projected, caches[layer], position, model),
  }
}

/** Extends caches by several positions from `position`, a scalar, on, of which the first `length` are tokens. */
export function extending(
  caches: readonly Cache[],
  position: Positions,
  length: Tensor<never>,
  model: Model,
): DecodeStrategy {
  const start = reshape<never>(position, [])
  return {
    position,
    attend: (kind, projected, layer) => kind.extend!(projected, caches[layer], start, length, model),
  }
}
