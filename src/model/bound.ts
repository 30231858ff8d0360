import type { Positions } from '../attention/index.js'
import type { AttentionWeights } from '../attention/index.js'
import type { ModelConfig } from '../config/index.js'
import { partsOn, type Placement } from '../mesh/index.js'
import type { Dim, Tensor } from '../tensor/index.js'
import { attentionWeights } from './attention-weights.js'
import { decodeStep, prefill, type Decoded, type DecodeState } from './decode.js'
import { modelShape, type Model } from './dims.js'
import { logits, loss, parametersOf } from './transformer.js'
import type { Labels, LossParts } from './objectives/head.js'
import { Scope, type LayerMode, type Parameters, type ParameterSpec, type Training } from './scope.js'

type Ids = Tensor<'batch' | 'sequence'>

export interface BindOptions {
  /** One program part for each layer, or one for all. @default 'unroll' */
  readonly layers?: LayerMode
  /** The mesh that the model is on. @default none */
  readonly placement?: Placement | null
}

/**
 * A model bound to its config, parameter specs, layer mode and placement: functions of parameters and ids, i32
 * [batch, sequence] of any size, to trace or to give to `jit`.
 */
export class GptNeo {
  /** The parameters: names, dims, initialisers. */
  readonly specs: readonly ParameterSpec[]
  readonly layers: LayerMode
  private readonly parts: (dim: string) => number

  constructor(
    readonly config: ModelConfig,
    { layers = 'unroll', placement = null }: BindOptions = {},
  ) {
    this.layers = layers
    this.parts = partsOn(placement)
    this.specs = parametersOf(this.shape(1, config.n_ctx), layers)
  }

  /** The dims of a pass over so many rows and tokens. */
  shape(batch: number, sequence: number, microbatches = 1): Model {
    return modelShape(this.config, { batch, sequence, microbatches, parts: this.parts })
  }

  /** Next-token logits, f32 [batch, sequence, vocab]. */
  logits(parameters: Parameters, ids: Ids): Tensor<'batch' | 'sequence' | 'vocab'> {
    const shape = this.shapeOf(ids)
    return logits(this.scope(parameters, shape), ids, shape)
  }

  /**
   * The loss and the cross entropy in it. `training` has the random key of a step, and is null in evaluation.
   * @param microbatches how many the step is cut into, of which this is one
   */
  loss(
    parameters: Parameters,
    ids: Ids,
    labels: Labels,
    training: Training | null = null,
    microbatches = 1,
  ): LossParts {
    const shape = this.shapeOf(ids, microbatches)
    return loss(this.scope(parameters, shape, training), ids, labels, shape)
  }

  /** Logits after the last token of each prompt, and caches for `capacity` positions: see decode.ts. */
  prefill(parameters: Parameters, ids: Ids, lengths: Positions, capacity: number): Decoded {
    const shape = this.shapeOf(ids)
    return prefill(this.scope(parameters, shape), ids, lengths, shape, capacity)
  }

  /** Logits after one more token per row, ids i32 [batch, sequence 1], and the extended caches. */
  decodeStep(parameters: Parameters, ids: Ids, from: DecodeState): Decoded {
    const shape = this.shapeOf(ids)
    return decodeStep(this.scope(parameters, shape), ids, from, shape)
  }

  /** How much each position attends to each, by layer; null for layers without weights. */
  attentionWeights(parameters: Parameters, ids: Ids): (AttentionWeights | null)[] {
    const shape = this.shapeOf(ids)
    return attentionWeights(this.scope(parameters, shape), ids, shape)
  }

  private shapeOf({ dims }: Ids, microbatches = 1): Model {
    const sizeOf = (name: string) => dims.find((each: Dim) => each.name === name)!.size
    return this.shape(sizeOf('batch'), sizeOf('sequence'), microbatches)
  }

  private scope(parameters: Parameters, shape: Model, training: Training | null = null): Scope {
    return Scope.over(this.specs, parameters, shape.compute, this.layers, training)
  }
}
