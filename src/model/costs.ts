import { attentionKind, type AttentionCosts } from '../attention/index.js'
import type { AttentionKind, ModelConfig } from '../config/index.js'
import { attentionKinds } from '../config/keys/attention-kinds.js'
import { productOf } from '../tensor/index.js'
import { shortestPeriod, type ParameterSpec } from './scope.js'
import { rematPolicy } from './remat.js'

/** A variable of a checkpoint. */
export interface Variable {
  /** Path below the layer, or the full path if it belongs to no layer. */
  readonly name: string
  readonly dims: readonly { readonly name: string; readonly size: number }[]
  readonly count: number
}

export interface LayerCosts {
  readonly layer: number
  readonly kind: AttentionKind
  /** Whether its feed-forward is a mixture of experts. */
  readonly mixture: boolean
  readonly variables: readonly Variable[]
  readonly parameters: number
  /** Floating-point operations of a forward pass, per token. */
  readonly flops: number
}

export interface NetworkCosts {
  readonly layers: readonly LayerCosts[]
  /** Variables outside the layers, and those that all layers share (share_parameters). */
  readonly outside: readonly Variable[]
  readonly parameters: number
  /** Parameters that process a token: of the experts, those that it is routed to. */
  readonly activeParameters: number
  /** Forward, per token. */
  readonly flops: number
  /** Forward and backward, per token, with what the backward pass recomputes. */
  readonly trainingFlops: number
  /** Decoding caches: bytes per token of a sequence (global layers), and per sequence of any length. */
  readonly cache: { readonly perToken: number; readonly perSequence: number }
  readonly parameterBytes: number
}

/** How flops are counted, in sentences for users. */
export const flopsFormula = [
  '2 for each element of each matrix that multiplies a token (of experts: those that it is routed to),',
  'and 4 n_embd (4 n_head head_dim) for each key that attention reads: on average (n_ctx + 1) / 2 in a global layer,',
  'at most the radius in a local one, n_embd / n_head in a linear one.',
  'A training step takes 3 times that, plus what it recomputes: the product of queries and keys, and with',
  'recompute_grad (remat_policy nothing) the layers.',
] as const

/** The variables of a model as a checkpoint has them, one per layer. */
export function variablesOf(specs: readonly ParameterSpec[]): Variable[] {
  return specs.flatMap(({ names, shape, shapeNames }) =>
    names.map((name): Variable => ({
      name: name.replace(/^gpt2\//, ''),
      dims: shape.map((size, i) => ({ name: shapeNames[i], size })),
      count: productOf(shape),
    })),
  )
}

/** Parameters, flops and bytes of a model, counted from its variables. */
export function networkCosts(config: ModelConfig, specs: readonly ParameterSpec[]): NetworkCosts {
  const variables = variablesOf(specs)
  const ofLayer = (layer: number) => variables.filter(({ name }) => name.startsWith(`h${layer}/`))
  const outside = variables.filter(({ name }) => !/^h\d+\//.test(name))
  const shared = outside.filter(({ name }) => name.startsWith('/'))

  const mixtures = new Set(config.moe_layers)
  const layers = attentionKinds(config).map((kind, layer): LayerCosts => {
    const variables = ofLayer(layer).map((variable) => ({ ...variable, name: variable.name.replace(/^h\d+\//, '') }))
    const used = [...variables, ...shared]
    return {
      layer,
      kind,
      mixture: mixtures.has(layer),
      variables,
      parameters: sum(variables.map(({ count }) => count)),
      flops:
        sum(used.map((variable) => productFlops(variable, config))) +
        4 * config.n_embd * attentionCosts(kind, config).keysSeen,
    }
  })
  const decoder = outside.filter(({ name, dims }) => name.startsWith('decoder/') && dims.length > 1)
  const ofDecoder = sum(decoder.map(({ count }) => 2 * count))
  const flops = sum(layers.map((layer) => layer.flops)) + ofDecoder + outputFlops(outside, config)
  const parameters = sum(variables.map(({ count }) => count))
  return {
    layers,
    outside,
    parameters,
    activeParameters: parameters - sum(variables.map((variable) => variable.count * (1 - usedPart(variable, config)))),
    flops,
    trainingFlops: 3 * flops + sum(layers.map((layer) => flopsAgain(layer, layers, config))),
    cache: cacheBytes(config),
    parameterBytes: 4 * parameters,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

/** Flops of a matrix in a layer, per token. Memory keys and values (num_mem_kv) multiply no token. */
function productFlops(variable: Variable, config: ModelConfig): number {
  return variable.dims.length < 2 || /\/mem_[kv]$/.test(variable.name)
    ? 0
    : 2 * variable.count * usedPart(variable, config)
}

/** Fraction of a variable that processes a token. */
function usedPart({ dims }: Variable, { moe_params }: ModelConfig): number {
  const experts = dims.find(({ name }) => name === 'experts')
  return experts === undefined ? 1 : Math.min(1, (moe_params?.moe_gating === 'top_2' ? 2 : 1) / experts.size)
}

/** Flops of the logits: by the embedding table, or by an output layer. Looking up a row is not counted. */
function outputFlops(
  outside: readonly Variable[],
  { no_weight_tie, tie_word_embeddings }: Pick<ModelConfig, 'no_weight_tie' | 'tie_word_embeddings'>,
): number {
  const name = no_weight_tie ? 'linear_out/kernel' : tie_word_embeddings === false ? 'lm_head' : 'wte'
  const table = outside.find((each) => each.name.endsWith(name))
  return table === undefined ? 0 : 2 * table.count
}

const NONE: AttentionCosts = { keysSeen: 0, keysRecomputed: 0, cache: { perToken: 0, perSequence: 0 } }

/** What a layer's attention costs, as its kind states it. */
function attentionCosts(kind: AttentionKind, config: ModelConfig): AttentionCosts {
  return kind === 'none' ? NONE : attentionKind(kind).costs(config)
}

function cacheBytes(config: ModelConfig): NetworkCosts['cache'] {
  const caches = attentionKinds(config).map((kind) => attentionCosts(kind, config).cache)
  return {
    perToken: sum(caches.map(({ perToken }) => perToken)),
    perSequence: sum(caches.map(({ perSequence }) => perSequence)),
  }
}

/**
 * Flops that a layer's backward pass recomputes: attention's weights, which are not saved, and with remat_policy
 * `nothing` the layer itself; but no gradient needs the last product of a period, the layers recomputed together.
 */
function flopsAgain(
  { layer, kind, variables, flops }: LayerCosts,
  layers: readonly LayerCosts[],
  config: ModelConfig,
): number {
  const weights = 2 * config.n_embd * attentionCosts(kind, config).keysRecomputed
  if (rematPolicy(config) !== 'nothing') return weights
  const period = shortestPeriod(layers.map((each) => `${each.kind} ${each.mixture}`))
  const isLast = layer % period === period - 1
  const lastOf = (path: string) => (isLast ? variables.find(({ name }) => name.endsWith(path)) : undefined)
  const last = lastOf('mlp/conv1d_main/c_proj/kernel') ?? (config.n_inner === 0 ? lastOf('attn/o') : undefined)
  return weights + flops - (last ? 2 * last.count : 0)
}
