/** Queries, keys and values of softmax attention, with what today's models add to them. */
import { dim, reshape, sigmoid, type Dim, type Tensor } from '../tensor/index.js'
import type {
  AttentionConfig,
  AttentionKind,
  AttentionOutput,
  AttentionShape,
  ParameterScope,
  ProjectContext,
  Projected,
} from './contract.js'
import { projectHeads } from './heads.js'
import { normal, zeros } from './initializers.js'
import { rmsNorm } from './rms-norm.js'

/** Config keys of every softmax kind. */
export const SOFTMAX_KEYS = [
  'n_kv_head',
  'qkv_bias',
  'qk_norm',
  'attention_sinks',
  'attn_logit_softcap',
  'attn_output_gate',
] as const satisfies readonly (keyof AttentionConfig)[]

/** Heads of keys and values, fewer than those of queries with n_kv_head. */
export function keyHeads({ config, heads }: AttentionShape): Dim<'heads'> {
  return config.n_kv_head === undefined ? heads : dim('heads', config.n_kv_head)
}

/**
 * As `projectHeads`, with these options. n_kv_head: groups of neighbouring query heads share a key and value head (Ainslie
 * et al. 2023, "GQA"; one head: Shazeer 2019, "Fast Transformer Decoding"). qkv_bias. qk_norm: RMSNorm over the features of a
 * query and of a key, before they are rotated; the gain of queries starts at features^-1/2, the factor of their logits (Henry
 * et al. 2020, "Query-Key Normalization"). attention_sinks: a learned logit of each head (Xiao et al. 2023, "Efficient
 * Streaming Language Models with Attention Sinks"; learned as in GPT-OSS). attn_output_gate: see `gated`.
 */
export function projectSoftmax(
  at: ParameterScope,
  x: Tensor<'batch' | 'sequence' | 'embd'>,
  shape: AttentionShape,
  context: ProjectContext,
): Projected {
  const { batch, sequence, memory, heads, features, embd, config, original } = shape
  const { n_kv_head, qkv_bias, qk_norm, attention_sinks, attn_output_gate } = config
  const more = {
    ...(attention_sinks && { sinks: at.param('sinks', [heads], zeros).cast('f32') }),
    ...(attn_output_gate && { gate: linear('gate', embd.size ** -0.5, heads) }),
  }
  if (n_kv_head === undefined && !qkv_bias && !qk_norm) return { ...projectHeads(at, x, shape, context), ...more }

  function linear(name: string, stddev: number, of: Dim<'heads'>): AttentionOutput {
    const to = [batch, sequence, of, features] as const
    return at.linear(x, name, [embd, of, features], normal(stddev), to, [of, features])
  }
  const biased = (name: string, stddev: number, of: Dim<'heads'>) => {
    const y = linear(name, stddev, of)
    return qkv_bias ? y.add(at.in('bias').param(name, [of, features], zeros, [of, features])) : y
  }
  const normed = (name: string, y: AttentionOutput, gain: number) =>
    qk_norm ? rmsNorm(at.in(name), y, features, config.norm_epsilon, { kind: 'constant', value: gain }) : y
  const widen = (y: AttentionOutput) => (original ? y.cast('f32') : y)
  const q = normed('q_norm', biased('q', (embd.size * features.size) ** -0.5, heads), features.size ** -0.5)
  const k = normed('k_norm', biased('k', embd.size ** -0.5, keyHeads(shape)), 1)
  return {
    q: widen(context.rotate(q)),
    k: widen(context.rotate(k)).rename(sequence, memory),
    v: biased('v', embd.size ** -0.5, keyHeads(shape)).rename(sequence, memory),
    ...more,
  }
}

/**
 * With attn_output_gate what a head attended to times a sigmoid of a linear function of the stream, for each feature. Source:
 * Qiu et al. 2025, "Gated Attention for Large Language Models"; as in Qwen3-Next.
 */
export function gated<T extends Tensor>({ gate }: Pick<Projected, 'gate'>, mixed: T): T {
  return gate ? (mixed.mul(sigmoid(gate.cast('f32')).cast(mixed.dtype)) as T) : mixed
}

/** A kind whose output is gated, if the config says so. */
export function gatedKind(kind: AttentionKind): AttentionKind {
  const { attend, decode, extend } = kind
  return {
    ...kind,
    attend: (projected, shape, drop) => gated(projected, attend(projected, shape, drop)),
    decode(projected, cache, position, shape) {
      const next = decode(projected, cache, position, shape)
      return { ...next, output: gated(projected, next.output) }
    },
    ...(extend && {
      extend(projected, cache, position, length, shape) {
        const next = extend(projected, cache, position, length, shape)
        return { ...next, output: gated(projected, next.output) }
      },
    }),
  }
}

/** Queries [..., heads, ...] as [..., heads, query_group, ...]: those heads that share a key next to each other. */
export function inGroups(x: Tensor, keyHeads: number): Tensor {
  const heads = x.dims.find(({ name }) => name === 'heads')!
  if (heads.size === keyHeads) return x
  const pair = [dim('heads', keyHeads), dim('query_group', heads.size / keyHeads)]
  return reshape(
    x,
    x.dims.flatMap((each) => (each.name === 'heads' ? pair : [each])),
  )
}

/** The reverse, of neighbouring dims. */
export function outOfGroups(x: Tensor): Tensor {
  const group = x.dims.find(({ name }) => name === 'query_group')
  if (!group) return x
  return reshape(
    x,
    x.dims.flatMap((each) =>
      each.name === 'heads' ? [dim('heads', each.size * group.size)] : each.name === 'query_group' ? [] : [each],
    ),
  )
}
