/** A prompt that fits the context. */
export interface FittedPrompt {
  readonly ids: readonly number[]
  /** Number of tokens removed from its beginning. */
  readonly dropped: number
}

/**
 * The end of a prompt that does not fit a context of `contextLength` tokens, with room for `maxTokens` new ones, at most
 * half of the context; a shorter prompt as it is.
 */
export function fitPrompt(ids: ArrayLike<number>, contextLength: number, maxTokens: number): FittedPrompt {
  const all = Array.from(ids)
  if (all.length < contextLength) return { ids: all, dropped: 0 }
  const room = Math.max(1, Math.min(maxTokens, Math.floor(contextLength / 2)))
  const kept = all.slice(all.length - Math.max(1, contextLength - room))
  return { ids: kept, dropped: all.length - kept.length }
}
