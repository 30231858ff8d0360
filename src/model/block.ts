import type { AttentionKind } from '../config/index.js'
import type { Tensor } from '../tensor/index.js'
import { attention } from './attention.js'
import type { HiddenNames, Model } from './dims.js'
import { feedForward } from './feed-forward.js'
import { layerNorm } from './norm.js'
import type { Scope } from './scope.js'

/** One layer: x + attention(norm(x)), then x + feedForward(norm(x)). Source: gpt-neo models/gpt2/gpt2.py (block). */
export function block(at: Scope, x: Tensor<HiddenNames>, kind: AttentionKind, model: Model): Tensor<HiddenNames> {
  const attended = x.add(attention(at.in('attn'), layerNorm(at.in('norm_1'), x, model), kind, model))
  return attended.add(feedForward(at.in('mlp'), layerNorm(at.in('norm_2'), attended, model), model))
}
