import { checkpoint, einsum, embed, fill, slice, trace, type Tensor } from '../tensor/index.js'
import { block } from './block.js'
import type { HiddenNames, Model } from './dims.js'
import { crossEntropy } from './loss.js'
import { layerNorm } from './norm.js'
import { normal, Scope, type LayerMode, type Parameters, type ParameterSpec } from './scope.js'

type Ids = Tensor<'batch' | 'sequence'>

/** Everything up to the last norm. ids i32 [batch, sequence] -> [batch, sequence, embd] in the compute dtype. */
export function hidden(at: Scope, ids: Ids, model: Model): Tensor<HiddenNames> {
  const { vocab, embd, embedSequence, sequence, kinds, config } = model
  const tokens = embed(at.param('wte', [vocab, embd], normal(0.02)), vocab, ids)
  const positions = slice(at.param('wpe', [embedSequence, embd], normal(0.01)), embedSequence, 0, sequence.size).rename({ ...embedSequence, size: sequence.size }, sequence)
  const x = tokens.add(positions) as Tensor<HiddenNames>
  const layer: typeof block = config.recompute_grad
    ? (layerAt, h, kind) => checkpoint((y: Tensor<HiddenNames>) => block(layerAt, y, kind, model))(h)
    : block
  const last = at.layers(kinds, x, 'products', (layerAt, h, kind) => layer(layerAt, h, kind, model))
  return layerNorm(at.in('ln_f'), last, model) as Tensor
}

/** Next-token logits in f32: [batch, sequence, vocab]. The embedding table is used again as output. */
export function logits(at: Scope, ids: Ids, model: Model): Tensor<'batch' | 'sequence' | 'vocab'> {
  const { batch, sequence, vocab, embd } = model
  return einsum([hidden(at, ids, model), at.param('wte', [vocab, embd], normal(0.02))], [batch, sequence, vocab]).cast('f32')
}

/**
 * Mean loss over all tokens, f32, and the cross entropy in it (see loss.ts). ids and labels are i32 [batch, sequence].
 */
export function loss(at: Scope, ids: Ids, labels: Ids, model: Model): { loss: Tensor<never>; crossEntropy: Tensor<never> } {
  return crossEntropy(hidden(at, ids, model), at.master('wte', [model.vocab, model.embd], normal(0.02)), labels, model)
}

/** The parameters of a model: names, dims, initialisers. */
export function parametersOf(model: Model, layers: LayerMode): ParameterSpec[] {
  let specs: ParameterSpec[] = []
  trace(() => {
    specs = Scope.describe(model.compute, layers, (at) => hidden(at, fill([model.batch, model.sequence], 0, 'i32'), model))
    return []
  }, [])
  return specs
}

/** A model with its parameters at hand. */
export function scopeOf(model: Model, specs: readonly ParameterSpec[], values: Parameters, layers: LayerMode): Scope {
  return Scope.over(specs, values, model.compute, layers)
}
