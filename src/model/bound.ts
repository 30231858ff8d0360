import type { AttentionWeights, Cache, Packing, Positions } from '../attention/index.js'
import type { ModelConfig } from '../config/index.js'
import type { DeviceArray, Engine } from '../engine/index.js'
import { partsOn, type Placement } from '../mesh/index.js'
import type { Dim, Tensor } from '../tensor/index.js'
import { adaptersOf, isTrained } from './adapters.js'
import { attentionWeights } from './attention-weights.js'
import { networkCosts, variablesOf, type NetworkCosts, type Variable } from './costs.js'
import { canExtend, decodeStep, extend, prefill, type Decoded, type DecodeState } from './decode.js'
import { modelShape, type LayerPlan, type Model } from './dims.js'
import { initialise } from './initialise.js'
import { headOf, logits, loss, parametersOf, transformer } from './transformer.js'
import type { Labels, CountedLoss } from './objectives/head.js'
import { labelledPositions } from './objectives/labelled.js'
import { tokenScores, type TokenScores } from './objectives/token-scores.js'
import { Scope, type LayerMode, type Parameters, type ParameterSpec, type Training } from './scope.js'

type Ids = Tensor<'batch' | 'sequence'>

export interface BindOptions {
  /** One program part for each layer, or one for all. @default 'unroll' */
  readonly layers?: LayerMode
  /** The mesh that the model is on. @default none */
  readonly placement?: Placement | null
}

export interface LossOptions {
  /** The random key of a step; null in evaluation. @default null */
  readonly training?: Training | null
  /** Number of microbatches of the step, of which this is one. @default 1 */
  readonly microbatches?: number
  /** f32 scalar that multiplies the mean over tokens, not the balance losses. @default 1 */
  readonly weight?: Tensor<never>
  /** Documents of the rows, which do not see each other; the loss is then the mean over the labels >= 0. @default one */
  readonly packing?: Packing
  /** The most labels >= 0 of a row: the loss is the mean over those, and logits are computed there alone. @default all */
  readonly labelled?: number
}

/** What a model consists of. */
export interface ModelDescription {
  readonly layers: readonly LayerPlan[]
  readonly variables: readonly Variable[]
  readonly parameters: number
}

/**
 * A model bound to its config, parameter specs, layer mode and placement: functions of parameters and ids, i32
 * [batch, sequence] of any size, to trace or to give to `jit`.
 */
export class GptNeo {
  /** The parameters, adapters among them: names, dims, initialisers. */
  readonly specs: readonly ParameterSpec[]
  readonly layers: LayerMode
  /** Parts that the mesh splits a dim into, by its name; 1 without a mesh. */
  readonly parts: (dim: string) => number

  constructor(
    readonly config: ModelConfig,
    { layers = 'unroll', placement = null }: BindOptions = {},
  ) {
    this.parts = partsOn(placement)
    const shape = this.shape(1, config.n_ctx)
    this.layers = layers === 'scan' && !treatsLayersAlike(config, shape) ? 'unroll' : layers
    this.specs = parametersOf(shape, this.layers)
  }

  /** The parameters that training changes; the others are frozen. */
  get trained(): readonly ParameterSpec[] {
    return this.specs.filter(({ name }) => isTrained(name, this.config))
  }

  /** The dims of a pass over `batch` rows of `sequence` tokens. */
  shape(batch: number, sequence: number, microbatches = 1): Model {
    return modelShape(this.config, { batch, sequence, microbatches, parts: this.parts })
  }

  /** Next-token logits, f32 [batch, sequence, vocab]. */
  logits(parameters: Parameters, ids: Ids): Tensor<'batch' | 'sequence' | 'vocab'> {
    const shape = this.shapeOf(ids)
    return logits(this.scope(parameters, shape), ids, shape)
  }

  /**
   * Mean loss, the cross entropy in it, and the tokens that they are means over; f32 scalars.
   */
  loss(
    parameters: Parameters,
    ids: Ids,
    labels: Labels,
    { training = null, microbatches = 1, weight, packing, labelled }: LossOptions = {},
  ): CountedLoss {
    const shape = { ...this.shapeOf(ids, microbatches), packing, labelled }
    return loss(this.scope(parameters, shape, training), ids, labels, shape, weight)
  }

  /** Log probability of each label after the tokens up to its position, and whether it is the most likely one. */
  scores(parameters: Parameters, ids: Ids, labels: Labels): TokenScores {
    const shape = this.shapeOf(ids)
    const at = this.scope(parameters, shape)
    return tokenScores(headOf(at, transformer(at, ids, shape).x, shape), labels, shape)
  }

  /** As `scores`, at the positions that have a label >= 0 alone, at most `count` in a row, and those labels (others < 0). */
  labelScores(
    parameters: Parameters,
    ids: Ids,
    labels: Labels,
    count: number,
  ): TokenScores & { readonly labels: Labels } {
    const shape = this.shapeOf(ids)
    const at = this.scope(parameters, shape)
    const of = labelledPositions(transformer(at, ids, shape).x, labels, shape, count)
    return { ...tokenScores(headOf(at, of.x, of.model), of.labels, of.model), labels: of.labels }
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

  /** Logits after several more tokens per row, and the extended caches: see decode.ts. */
  extend(
    parameters: Parameters,
    ids: Ids,
    from: DecodeState,
    length: Tensor<never>,
    { all = false } = {},
  ): { readonly logits: Tensor; readonly caches: Cache[] } {
    const shape = this.shapeOf(ids)
    return extend(this.scope(parameters, shape), ids, from, length, shape, all)
  }

  /** Whether `extend` can compute prompts in chunks. */
  get canExtend(): boolean {
    return canExtend(this.shape(1, 1))
  }

  /** How much each position attends to each, by layer; null for layers without weights. */
  attentionWeights(parameters: Parameters, ids: Ids): (AttentionWeights | null)[] {
    const shape = this.shapeOf(ids)
    return attentionWeights(this.scope(parameters, shape), ids, shape)
  }

  /**
   * Initial parameters (all, or those named), drawn on an engine of the same placement: functions of the seed, and of each
   * variable's name and shape.
   */
  initialise(engine: Engine, seed = this.config.seed, only?: readonly string[]): Promise<Parameters<DeviceArray>> {
    return initialise(engine, only ? this.specs.filter(({ name }) => only.includes(name)) : this.specs, seed)
  }

  /** Its layers and its variables as checkpoints have them. */
  describe(): ModelDescription {
    const variables = variablesOf(this.specs)
    return {
      layers: this.shape(1, this.config.n_ctx).layers,
      variables,
      parameters: variables.reduce((sum, { count }) => sum + count, 0),
    }
  }

  /** Parameters, flops per token and bytes. */
  costs(): NetworkCosts {
    return networkCosts(this.config, this.specs)
  }

  private shapeOf({ dims }: Ids, microbatches = 1): Model {
    const sizeOf = (name: string) => dims.find((each: Dim) => each.name === name)!.size
    return this.shape(sizeOf('batch'), sizeOf('sequence'), microbatches)
  }

  private scope(parameters: Parameters, shape: Model, training: Training | null = null): Scope {
    return Scope.over(this.specs, parameters, shape.compute, this.layers, training, adaptersOf(this.config))
  }
}

/** Whether lora_targets and freeze take the same variables of each layer, so that layers can share a program part. */
function treatsLayersAlike(config: ModelConfig, shape: Model): boolean {
  if (config.lora_rank === 0 && config.freeze.length === 0) return true
  const plain = parametersOf({ ...shape, config: { ...config, lora_rank: 0 } }, 'scan')
  const adapters = adaptersOf(config)
  const treatment = (name: string) => `${adapters?.targets(name)} ${isTrained(name, config)}`
  return plain.every(({ names }) => names.every((name) => treatment(name) === treatment(names[0])))
}
