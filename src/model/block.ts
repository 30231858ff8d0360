import type { AttentionKind } from '../config/index.js'
import type { Tensor } from '../tensor/index.js'
import { ATTENTION, attention, output, project, type Cache, type Projected } from './attention.js'
import type { HiddenNames, Model } from './dims.js'
import { feedForward } from './feed-forward.js'
import { layerNorm } from './norm.js'
import type { Scope } from './scope.js'

type Hidden = Tensor<HiddenNames>

/** One layer: x + attention(norm(x)), then x + feedForward(norm(x)). Source: gpt-neo models/gpt2/gpt2.py (block). */
export function block(at: Scope, x: Hidden, kind: AttentionKind, model: Model): Hidden {
  const attended = x.add(attention(at.in('attn'), layerNorm(at.in('norm_1'), x, model), kind, model))
  return attended.add(feedForward(at.in('mlp'), layerNorm(at.in('norm_2'), attended, model), model))
}

/** How a layer goes on from a cache: the first positions make one, each further one reads and extends it. */
export interface Continuation {
  (kind: AttentionKind, projected: Projected, layer: number): { mixed: Projected['q']; cache: Cache }
}

/** As `block`, with keys and values kept in a cache. */
export function cachedBlock(at: Scope, x: Hidden, kind: AttentionKind, layer: number, model: Model, go: Continuation): { x: Hidden; cache: Cache } {
  const { mixed, cache } = go(kind, project(at.in('attn'), layerNorm(at.in('norm_1'), x, model), model), layer)
  const attended = x.add(output(at.in('attn'), mixed, model))
  return { x: attended.add(feedForward(at.in('mlp'), layerNorm(at.in('norm_2'), attended, model), model)), cache }
}

/** Makes caches with room for `capacity` positions. */
export function startCaches(capacity: number, model: Model): Continuation {
  return (kind, projected) => ({ mixed: ATTENTION[kind].mix(projected, model), cache: ATTENTION[kind].start(projected, capacity, model) })
}

/** Extends caches by one position. */
export function stepCaches(caches: readonly Cache[], position: Tensor<never>, model: Model): Continuation {
  return (kind, projected, layer) => ATTENTION[kind].step(projected, caches[layer], position, model)
}
