import {
  einsum,
  embed,
  fill,
  slice,
  trace,
  transpose,
  where,
  zeros as zeroTensor,
  type Tensor,
} from '../tensor/index.js'
import type { Positions } from '../attention/index.js'
import { adaptersOf } from './adapters.js'
import { reconstruct } from './auto-encoder.js'
import { block, type Stream } from './block.js'
import type { Hidden, Model } from './dims.js'
import { dropout } from './dropout.js'
import { kernelScale } from './feed-forward.js'
import { norm } from './norm.js'
import type { CountedLoss, Head, Labels } from './objectives/head.js'
import { labelledPositions } from './objectives/labelled.js'
import { objective } from './objectives/objective.js'
import { positions } from './positions/tables.js'
import { requestedRemat } from './remat.js'
import { normal, Scope, zeros, type LayerMode, type Parameters, type ParameterSpec, type Training } from './scope.js'

type Ids = Tensor<'batch' | 'sequence'>

/**
 * The embeddings through all layers, in an auto-encoder through its decoder too, and the sum of the layers' balance losses (f32). ids i32 [batch, sequence]; an
 * id outside of the vocabulary is embedTokens as zeros. Source: gpt-neo models/gpt2/gpt2.py (model).
 */
export function transformer(at: Scope, ids: Ids, model: Model): Stream {
  const { layers, config } = model
  const mixed = layers.some(({ mixture }) => mixture)
  const start: Stream = { x: embedTokens(at, ids, model), ...(mixed && { balance: zeroTensor([]) }) }
  const end = at.layers(
    layers,
    start,
    { shared: config.share_parameters, keep: requestedRemat(config) },
    (layerAt, stream, plan) => block(layerAt, stream, plan, model),
  )
  return config.auto_encoder ? { ...end, x: reconstruct(at.in('decoder'), end.x, model) } : end
}

export function embedTokens(at: Scope, ids: Ids, model: Model, position?: Positions): Hidden {
  const { embed_dropout: rate } = model.config
  // Ids of padding entries belong to no token, as they do without padding.
  const { vocab, vocabSize } = model
  const known = vocabSize === vocab.size ? ids : (where(ids.less(vocabSize), ids, -1) as Ids)
  const tokens = dropout(at, 'wte_dropout', embed(wte(at, model), vocab, known), rate)
  const added = positions(at, model, position)
  // In the original each row of the table is dropped from once for the batch, as here.
  return added ? tokens.add(dropout(at, 'wpe_dropout', added, rate)) : tokens
}

function wte(at: Scope, { vocab, embd }: Model): Tensor<'vocab' | 'embd'> {
  return at.param('wte', [vocab, embd], normal(0.02))
}

/**
 * What logits are made of: the last norm and the embedding table or that of the output (tie_word_embeddings false), or with
 * no_weight_tie an output layer and no norm.
 */
export function headOf(at: Scope, x: Hidden, model: Model): Head {
  const { vocab, embd, config } = model
  if (!config.no_weight_tie) {
    const table = config.tie_word_embeddings === false ? 'lm_head' : 'wte'
    return { x: norm(at.in('ln_f'), x, model), table: at.paramF32(table, [vocab, embd], normal(0.02)) }
  }
  const out = at.in('wte_final_linear').in('conv1d_main').in('linear_out')
  return {
    x,
    table: transpose(out.paramF32('kernel', [embd, vocab], kernelScale(model, embd)), [vocab, embd]),
    bias: out.paramF32('bias', [vocab], zeros),
  }
}

export function logitsOf(
  { x, table, bias }: Head,
  { batch, sequence, vocab, vocabSize }: Model,
): Tensor<'batch' | 'sequence' | 'vocab'> {
  const product = einsum([x, table.cast(x.dtype)], [batch, sequence, vocab]).cast('f32')
  return slice(bias ? product.add(bias) : product, vocab, 0, vocabSize)
}

/** Next-token logits in f32: [batch, sequence, vocab]. */
export function logits(at: Scope, ids: Ids, model: Model): Tensor<'batch' | 'sequence' | 'vocab'> {
  return logitsOf(headOf(at, transformer(at, ids, model).x, model), model)
}

/**
 * Mean loss over all tokens with the layers' balance losses, f32, and the cross entropy in it (see objectives/). ids
 * and labels are i32 [batch, sequence]. `weight` multiplies the mean, not the balance losses.
 */
export function loss(at: Scope, ids: Ids, labels: Labels, model: Model, weight?: Tensor<never>): CountedLoss {
  const { x, balance } = transformer(at, ids, model)
  const of = model.labelled === undefined ? { x, labels, model } : labelledPositions(x, labels, model, model.labelled)
  const parts = objective(headOf(at, of.x, of.model), of.labels, of.model)
  const mean = weight ? parts.loss.mul(weight) : parts.loss
  return { ...parts, loss: balance ? mean.add(balance) : mean }
}

/** The parameters of a model: names, dims, initialisers. */
export function parametersOf(model: Model, layers: LayerMode): ParameterSpec[] {
  let specs: ParameterSpec[] = []
  trace(() => {
    const ids = fill([model.batch, model.sequence], 0, 'i32')
    const adapters = adaptersOf(model.config)
    specs = Scope.describe(model.compute, layers, (at) => logits(at, ids, model), model.vocabSize, adapters)
    return []
  }, [])
  return specs
}

/** A model with its parameters at hand; with `training` it is trained, else evaluated. */
export function scopeOf(
  model: Model,
  specs: readonly ParameterSpec[],
  values: Parameters,
  layers: LayerMode,
  training: Training | null = null,
): Scope {
  return Scope.over(specs, values, model.compute, layers, training, adaptersOf(model.config))
}
