import type { AnyAttentionKind } from './contract.js'
import { deltaAttention } from './delta.js'
import { gatedDeltaAttention } from './gated-delta.js'
import { globalAttention } from './global.js'
import { linearAttention } from './linear.js'
import { localAttention } from './local.js'

/** Kinds of attention by the name that attention_types has for them. A new one is a file and its line here. */
export const ATTENTION_KINDS = {
  global: globalAttention,
  local: localAttention,
  linear: linearAttention,
  delta: deltaAttention,
  gated_delta: gatedDeltaAttention,
} satisfies Record<string, AnyAttentionKind>

/** Kinds that do something; `none` does not. */
export type AttentionKindName = keyof typeof ATTENTION_KINDS

export const attentionKind = (name: AttentionKindName): AnyAttentionKind => ATTENTION_KINDS[name]
