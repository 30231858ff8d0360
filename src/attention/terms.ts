/** What changes logits besides queries and keys: a soft cap, ALiBi or another decay, sinks. */
import { literal, log1p, maxForExp, range, softmax, stopGradient, tanh, type Tensor } from '../tensor/index.js'
import type { AttentionConfig, AttentionShape, Projected } from './contract.js'
import type { LogitTerms } from './kernels/softmax.js'
import { inGroups } from './softmax-heads.js'

/**
 * Of the logits of a layer, for `causalAttention`. ALiBi: logit - slope (i - j), as numbers of query i and key j whose
 * difference is that.
 */
export function termsOf(projected: Projected, shape: AttentionShape): LogitTerms {
  const { config, sequence, memory } = shape
  const heads = headsOf(projected.k)
  const grouped = (x: Tensor) => inGroups(x, heads)
  const slopes = alibiSlopes(shape)
  const slopesOf = (positions: typeof sequence | typeof memory): Tensor =>
    grouped(slopes!).mul(range(positions).cast('f32')).neg()
  return {
    softcap: softcapOf(config),
    sinks: projected.sinks && grouped(projected.sinks),
    decay: slopes ? { queries: slopesOf(sequence), keys: slopesOf(memory) } : undefined,
  }
}

/** Whether a layer has any of these, or groups of query heads. */
export function isPlain({ q, k, sinks }: Projected, { config }: AttentionShape): boolean {
  return headsOf(q) === headsOf(k) && !sinks && softcapOf(config) === 0 && !isAlibi(config)
}

/** Rotary positions replace it. */
const isAlibi = ({ pos_emb, rotary_emb }: AttentionConfig) => pos_emb === 'alibi' && !rotary_emb

const headsOf = (x: Tensor) => x.dims.find(({ name }) => name === 'heads')!.size

const softcapOf = ({ attn_logit_softcap }: AttentionConfig) => attn_logit_softcap ?? 0

/** softcap tanh(logit / softcap), which is between -softcap and softcap; as in Gemma 2. */
export function withSoftcap(logits: Tensor, config: AttentionConfig): Tensor {
  const cap = softcapOf(config)
  return cap === 0 ? logits : tanh(logits.mul(1 / cap)).mul(cap)
}

/**
 * A slope for each head, f32 [heads], with pos_emb alibi: 2^(-8 (h + 1) / heads), and for a number of heads that is no power
 * of two those of the next lower power, then every other one of twice as many. Source: Press et al. 2021, "Train Short, Test
 * Long" (ALiBi).
 */
export function alibiSlopes({ config, heads }: Pick<AttentionShape, 'config' | 'heads'>): Tensor | null {
  if (!isAlibi(config)) return null
  const power = 2 ** Math.floor(Math.log2(heads.size))
  const slopes = (count: number) => Array.from({ length: count }, (_, h) => 2 ** ((-8 * (h + 1)) / count))
  const others = slopes(2 * power).filter((_, h) => h % 2 === 0)
  return literal([heads], [...slopes(power), ...others].slice(0, heads.size))
}

/** log of the sigmoid of x, f32, without overflow. */
export function logSigmoid(x: Tensor): Tensor {
  return x.minimum(0).sub(log1p(x.abs().neg().exp()))
}

/** softmax over `along`, in whose sum each head's sink is, if it has one; rows then sum to less than 1. */
export function softmaxWithSinks(logits: Tensor, along: Tensor['dims'][number], sinks: Tensor | undefined): Tensor {
  if (!sinks) return softmax(logits, along)
  const top = stopGradient(maxForExp(logits, along).maximum(sinks))
  const exps = logits.sub(top).exp()
  return exps.div(exps.sum(along).add(sinks.sub(top).exp()))
}
