import type { Tensor } from '../tensor/index.js'
import type {
  AttentionOutput,
  AttentionResult,
  AttentionShape,
  ParameterScope,
  ProjectContext,
  Projected,
} from './contract.js'
import { normal, zeros } from './initializers.js'

/**
 * Queries, keys and values of every head, linear in x [batch, sequence, embd], without bias. Logits are not divided by
 * sqrt(features): GPT-Neo puts that factor into q's initialiser. Checkpoints join heads and features into one dim.
 * Source: gpt-neo models/layers.py (attn), Mesh TensorFlow 0.1.18 transformer/attention.py.
 */
export function projectHeads(
  at: ParameterScope,
  x: Tensor<'batch' | 'sequence' | 'embd'>,
  { batch, sequence, memory, heads, features, embd, original }: AttentionShape,
  { rotate }: ProjectContext,
): Projected {
  const linear = (name: string, stddev: number) =>
    at.linear(x, name, [embd, heads, features], normal(stddev), [batch, sequence, heads, features], [heads, features])
  // The original's logits are f32 products of what bf16 runs have rounded; ours are rounded once more, which is faster.
  const widen = (y: AttentionOutput) => (original ? y.cast('f32') : y)
  return {
    q: widen(rotate(linear('q', (embd.size * features.size) ** -0.5))),
    k: widen(rotate(linear('k', embd.size ** -0.5))).rename(sequence, memory),
    v: linear('v', embd.size ** -0.5).rename(sequence, memory),
  }
}

/** Linear in the features of all heads, with a bias unless the config has none. */
export function outputOfHeads(
  at: ParameterScope,
  mixed: AttentionOutput,
  { batch, sequence, heads, features, embd, config }: AttentionShape,
): AttentionResult {
  const stddev = (heads.size * features.size) ** -0.5
  const product = at.linear(
    mixed,
    'o',
    [heads, features, embd],
    normal(stddev),
    [batch, sequence, embd],
    [heads, features],
  )
  return config.bias === false
    ? { product }
    : { product, bias: at.in('compute_output_bias').param('o_b', [embd], zeros) }
}
