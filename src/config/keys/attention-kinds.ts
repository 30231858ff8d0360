import { ATTENTION_KINDS, type AttentionKindName } from '../../attention/index.js'

/** Kinds of attention of a layer; `none` is a layer without. */
export type AttentionKind = AttentionKindName | 'none'
export const attentionKindNames = [...(Object.keys(ATTENTION_KINDS) as AttentionKindName[]), 'none'] as const

/** Groups of layers: kinds, and how often they are repeated, as in `[[["global", "local"], 12]]`. */
export type AttentionTypes = [kinds: AttentionKind[], repeat: number][]

/** The kind of each layer, in order; all global if the config names none. */
export function attentionKinds(config: { attention_types?: AttentionTypes; n_layer: number }): AttentionKind[] {
  return expandAttentionTypes(config.attention_types ?? [[['global'], config.n_layer]])
}

/** Layers that groups list, counted without expanding them: a repeat may be any number. */
export function countLayers(types: AttentionTypes): number {
  return types.reduce((sum, [kinds, repeat]) => sum + kinds.length * repeat, 0)
}

export function expandAttentionTypes(types: AttentionTypes): AttentionKind[] {
  return types.flatMap(([kinds, repeat]) => Array.from({ length: repeat }, () => kinds).flat())
}
