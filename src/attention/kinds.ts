import type { AnyAttentionKind } from './contract.js'
import { basedAttention } from './based.js'
import { deltaAttention } from './delta.js'
import { gatedDeltaAttention } from './gated-delta.js'
import { gatedLinearAttention } from './gated-linear.js'
import { globalAttention } from './global.js'
import { kimiDeltaAttention } from './kda.js'
import { convolutionAttention } from './convolution.js'
import { differentialAttention } from './differential.js'
import { forgettingAttention } from './forgetting.js'
import { latentAttention } from './latent.js'
import { linearAttention } from './linear.js'
import { localAttention } from './local.js'
import { mamba2Attention } from './mamba2.js'
import { retentionAttention } from './retention.js'
import { rwkv7Attention } from './rwkv7.js'

/** Kinds of attention by the name that attention_types has for them. A new one is a file and its line here. */
export const ATTENTION_KINDS = {
  global: globalAttention,
  local: localAttention,
  linear: linearAttention,
  delta: deltaAttention,
  gated_delta: gatedDeltaAttention,
  retention: retentionAttention,
  gated_linear: gatedLinearAttention,
  mamba2: mamba2Attention,
  kda: kimiDeltaAttention,
  rwkv7: rwkv7Attention,
  based: basedAttention,
  convolution: convolutionAttention,
  differential: differentialAttention,
  latent: latentAttention,
  forgetting: forgettingAttention,
} satisfies Record<string, AnyAttentionKind>

/** Kinds that do something; `none` does not. */
export type AttentionKindName = keyof typeof ATTENTION_KINDS

export const attentionKind = (name: AttentionKindName): AnyAttentionKind => ATTENTION_KINDS[name]
