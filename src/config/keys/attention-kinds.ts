import { ATTENTION_KINDS, type AttentionKindName } from '../../attention/index.js'

/** Attention kinds of a layer; `none`: a layer without attention. */
export type AttentionKind = AttentionKindName | 'none'
export const attentionKindNames = [...(Object.keys(ATTENTION_KINDS) as AttentionKindName[]), 'none'] as const

/** Groups of layers: kinds and their repeat count, as in `[[["global", "local"], 12]]`. */
export type AttentionTypes = [kinds: AttentionKind[], repeat: number][]

/** The attention kind of each layer, in order; without attention_types all are global. */
export function attentionKinds(config: { attention_types?: AttentionTypes; n_layer: number }): AttentionKind[] {
  return expandAttentionTypes(config.attention_types ?? [[['global'], config.n_layer]])
}

/** The number of layers that groups list, without expanding them: a repeat may be very large. */
export function countLayers(types: AttentionTypes): number {
  return types.reduce((sum, [kinds, repeat]) => sum + kinds.length * repeat, 0)
}

export function expandAttentionTypes(types: AttentionTypes): AttentionKind[] {
  return types.flatMap(([kinds, repeat]) => Array.from({ length: repeat }, () => kinds).flat())
}
