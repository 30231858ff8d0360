/**
 * GPT-Neo from tokens to logits and loss, in its plain form: every formula as the paper has it, all of a sequence at once.
 * What runs is in transformer.ts under the same names: faster forms of these functions (attention/kernels, loss.ts),
 * GPT-Neo's options and its known mistakes. test/model/gpt-neo.test.ts holds the two equal.
 *
 * A tensor has named dims, and its type has their names: `einsum([x, w], [batch, heads])` sums over every other dim. `at`
 * hands out parameters by GPT-Neo's variable names: `at.in('h0').param('g', [embd], ones)` is gpt2/h0/g.
 */
import { and, einsum, embed, logsumexp, pick, range, rsqrt, softmax, where, type Tensor } from '../tensor/index.js'
import { gelu } from './activations.js'
import type { Hidden, Model } from './dims.js'
import { normal, ones, zeros, type Scope } from './scope.js'

type Ids = Tensor<'batch' | 'sequence'>
type Logits = Tensor<'batch' | 'sequence' | 'vocab'>

/**
 * Mean cross entropy of the next tokens, plus z_loss times the squared logarithm of the softmax's sum. ids and labels
 * i32 [batch, sequence]; the label of a token is the next one. f32 scalar.
 */
export function loss(at: Scope, ids: Ids, labels: Ids, model: Model): Tensor<never> {
  const { batch, sequence, vocab, config } = model
  const scores = logits(at, ids, model)
  const z = logsumexp(scores, vocab)
  const crossEntropy = z.sub(pick(scores, vocab, labels))
  return crossEntropy.add(z.square().mul(config.z_loss)).mean(batch, sequence)
}

/** Scores of every token of the vocabulary as the next one, at each position. f32. */
export function logits(at: Scope, ids: Ids, model: Model): Logits {
  const { batch, sequence, vocab, embd } = model
  let x = embedTokens(at, ids, model)
  for (const layer of model.kinds.keys()) x = block(at.in(`h${layer}`), x, layer, model)
  // The embedding table again: a token scores as its embedding resembles the stream.
  const table = at.param('wte', [vocab, embd], normal(0.02))
  return einsum([layerNorm(at.in('ln_f'), x, model), table], [batch, sequence, vocab]).cast('f32')
}

/** Each token's embedding plus that of its position: the stream that layers add to. */
function embedTokens(at: Scope, ids: Ids, model: Model): Hidden {
  const { vocab, embd, sequence, embedSequence } = model
  const tokens = embed(at.param('wte', [vocab, embd], normal(0.02)), vocab, ids)
  const positions = embed(at.param('wpe', [embedSequence, embd], normal(0.01)), embedSequence, range(sequence))
  return tokens.add(positions)
}

/** One layer: x + attention(norm(x)), then x + feedForward(norm(x)). */
function block(at: Scope, x: Hidden, layer: number, model: Model): Hidden {
  const attended =
    model.kinds[layer] === 'none'
      ? x
      : x.add(attention(at.in('attn'), layerNorm(at.in('norm_1'), x, model), layer, model))
  return attended.add(feedForward(at.in('mlp'), layerNorm(at.in('norm_2'), attended, model), model))
}

/**
 * Each position mixes the values of itself and earlier positions, every head by weights of its own. Weights are not
 * divided by sqrt(features): GPT-Neo puts that factor into q's initialiser.
 */
function attention(at: Scope, x: Hidden, layer: number, model: Model): Hidden {
  const { batch, sequence, memory, heads, features, embd } = model
  const project = (name: string, stddev: number) =>
    einsum(
      [x, at.param(name, [embd, heads, features], normal(stddev), [heads, features])],
      [batch, sequence, heads, features],
    )
  const q = project('q', (embd.size * features.size) ** -0.5)
  // Keys and values are at the same positions under another name, so that a product can have both.
  const k = project('k', embd.size ** -0.5).rename(sequence, memory)
  const v = project('v', embd.size ** -0.5).rename(sequence, memory)

  const weights = model.kinds[layer] === 'linear' ? linearWeights(q, k, model) : softmaxWeights(q, k, layer, model)
  const mixed = einsum([weights.cast(v.dtype), v], [batch, sequence, heads, features])

  const o = at.param('o', [heads, features, embd], normal((heads.size * features.size) ** -0.5), [heads, features])
  const bias = at.in('compute_output_bias').param('o_b', [embd], zeros)
  return einsum([mixed, o], [batch, sequence, embd]).add(bias)
}

type Queries = Tensor<'batch' | 'sequence' | 'heads' | 'features_per_head'>
type Keys = Tensor<'batch' | 'memory_length' | 'heads' | 'features_per_head'>
type Weights = Tensor<'batch' | 'heads' | 'sequence' | 'memory_length'>

/** softmax(q k^T) over the keys that a query sees: itself and earlier ones, of a local layer the last `radius`. f32. */
function softmaxWeights(q: Queries, k: Keys, layer: number, model: Model): Weights {
  const { batch, sequence, memory, heads, config } = model
  const scores = einsum([q, k], [batch, heads, sequence, memory]).cast('f32')
  const earlier = range(memory).lessEqual(range(sequence))
  const near = range(memory).add(config.local_attention_radius).greater(range(sequence))
  const seen = model.kinds[layer] === 'local' ? and(earlier, near) : earlier
  return softmax(where(seen, scores, -1e10), memory)
}

/** softmax(q) . exp(k) over their sum: weights that a state of features x features can stand for. f32. */
function linearWeights(q: Queries, k: Keys, model: Model): Weights {
  const { batch, sequence, memory, heads, features } = model
  const products = einsum([softmax(q.cast('f32'), features), k.cast('f32').exp()], [batch, heads, sequence, memory])
  const seen = where(range(memory).lessEqual(range(sequence)), products, 0)
  return seen.div(seen.sum(memory).add(1e-6))
}

/** Two linear layers with gelu between, to 4 embd and back. */
function feedForward(at: Scope, x: Hidden, model: Model): Hidden {
  const { batch, sequence, embd, intermediate } = model
  const within = at.in('conv1d_main')
  const [first, second] = [within.in('c_fc'), within.in('c_proj')]
  const expanded = einsum(
    [x, first.param('kernel', [embd, intermediate], normal(0.02))],
    [batch, sequence, intermediate],
  ).add(first.param('bias', [intermediate], zeros))
  const kernel = second.param('kernel', [intermediate, embd], normal(0.02))
  return einsum([gelu(expanded), kernel], [batch, sequence, embd]).add(second.param('bias', [embd], zeros))
}

/** (x - mean) / sqrt(variance + 1e-5) over embd, times a gain, plus a bias. */
function layerNorm(at: Scope, x: Hidden, { embd }: Model): Hidden {
  const centered = x.sub(x.mean(embd))
  const variance = centered.square().mean(embd)
  const normalised = centered.mul(rsqrt(variance.add(1e-5)))
  return normalised.mul(at.param('g', [embd], ones)).add(at.param('b', [embd], zeros))
}
