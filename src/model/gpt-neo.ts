import { checkpoint, dim, dynamicSlice, einsum, embed, fill, reshape, slice, trace, type Tensor } from '../tensor/index.js'
import type { Cache } from './attention.js'
import { block, cachedBlock, startCaches, stepCaches } from './block.js'
import type { HiddenNames, Model } from './dims.js'
import { crossEntropy } from './loss.js'
import { layerNorm } from './norm.js'
import { normal, Scope, type LayerMode, type Parameters, type ParameterSpec } from './scope.js'

type Ids = Tensor<'batch' | 'sequence'>

/** Everything up to the last norm. ids i32 [batch, sequence] -> [batch, sequence, embd] in the compute dtype. */
export function hidden(at: Scope, ids: Ids, model: Model): Tensor<HiddenNames> {
  const { embedSequence, sequence, kinds, config } = model
  const positions = slice(wpe(at, model), embedSequence, 0, sequence.size).rename(dim('embed_sequence', sequence.size), sequence)
  const layer: typeof block = config.recompute_grad
    ? (layerAt, h, kind) => checkpoint((y: Tensor<HiddenNames>) => block(layerAt, y, kind, model))(h)
    : block
  const last = at.layers(kinds, embedded(at, ids, positions, model), 'products', (layerAt, h, kind) => layer(layerAt, h, kind, model))
  return layerNorm(at.in('ln_f'), last, model) as Tensor
}

/**
 * Next-token logits after the last of some positions, f32 [batch, vocab], and the caches to go on with. Without `from` the
 * ids are the first ones and caches for `capacity` positions are made; with it there is one id a row, at `position` (i32
 * scalar).
 */
export function continued(
  at: Scope, ids: Ids, model: Model, capacity: number, from?: { caches: readonly Cache[]; position: Tensor<never> },
): { logits: Tensor<'batch' | 'vocab'>; caches: Cache[] } {
  const { batch, sequence, vocab, embd, embedSequence, kinds } = model
  const along = dim('embed_sequence', sequence.size)
  const rows = from ? dynamicSlice(wpe(at, model), embedSequence, from.position, 1) : slice(wpe(at, model), embedSequence, 0, sequence.size)
  const go = from ? stepCaches(from.caches, from.position, model) : startCaches(capacity, model)
  const caches: Cache[] = []
  let x = embedded(at, ids, rows.rename(along, sequence), model)
  for (const [layer, kind] of kinds.entries()) {
    const next = cachedBlock(at.in(`h${layer}`), x, kind, layer, model, go)
    x = next.x
    caches.push(next.cache)
  }
  const one = slice(x, sequence, sequence.size - 1, 1)
  const last = reshape(layerNorm(at.in('ln_f'), one, model), [batch, embd]) as Tensor
  return { logits: einsum([last, wte(at, model)], [batch, vocab]).cast('f32') as Tensor, caches }
}

function embedded(at: Scope, ids: Ids, positions: Tensor<'sequence' | 'embd'>, model: Model): Tensor<HiddenNames> {
  return embed(wte(at, model), model.vocab, ids).add(positions) as Tensor
}

function wte(at: Scope, { vocab, embd }: Model): Tensor<'vocab' | 'embd'> {
  return at.param('wte', [vocab, embd], normal(0.02))
}

function wpe(at: Scope, { embedSequence, embd }: Model): Tensor<'embed_sequence' | 'embd'> {
  return at.param('wpe', [embedSequence, embd], normal(0.01))
}

/** Next-token logits in f32: [batch, sequence, vocab]. The embedding table is used again as output. */
export function logits(at: Scope, ids: Ids, model: Model): Tensor<'batch' | 'sequence' | 'vocab'> {
  const { batch, sequence, vocab } = model
  return einsum([hidden(at, ids, model), wte(at, model)], [batch, sequence, vocab]).cast('f32')
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
