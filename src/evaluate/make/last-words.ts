/** A last-word task from texts of one's own, in the manner of LAMBADA. */
import { chosen, sentencesOf } from './sentences.js'

export interface MakeOptions {
  /** Maximum number of items. @default 300 */
  readonly count?: number
  /** @default 0 */
  readonly seed?: number
}

/**
 * Passages whose last word occurs in them before, as most of LAMBADA's do: `{"text": ...}`, a sentence without its full stop
 * after up to 40 words of what precedes it, 20 to 80 words in all. A function of the texts and the seed.
 */
export function makeLastWords(
  documents: readonly string[],
  { count = 300, seed = 0 }: MakeOptions = {},
): { text: string }[] {
  const all = documents.flatMap((document) =>
    sentencesOf(document).flatMap(({ text, before }) => {
      const words = [...before, ...text.slice(0, -1).split(' ')]
      const last = words.at(-1)!
      const earlier = words.slice(0, -1).map((word) => word.replace(/^\W+|\W+$/g, '').toLowerCase())
      const isGood = words.length >= 20 && words.length <= 80 && /^[a-z]{4,}$/.test(last) && earlier.includes(last)
      return isGood ? [{ text: words.join(' ') }] : []
    }),
  )
  return chosen(all, count, seed)
}
