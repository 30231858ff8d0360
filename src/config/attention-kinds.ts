/** Kinds of attention of a layer. */
export const attentionKindNames = ['global', 'local', 'linear', 'none'] as const
export type AttentionKind = (typeof attentionKindNames)[number]

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
