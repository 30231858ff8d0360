/** Sentences of prose. */
import { numbersOf } from '../bootstrap.js'

/** Sentences in order, each with the paragraphs' text before it. */
export interface Sentence {
  readonly text: string
  /** Words of the same document before it. */
  readonly before: readonly string[]
}

/** Words of context that are kept before a sentence. */
const CONTEXT_WORDS = 40

/** Sentences that begin with a capital letter and end with a full stop, and have only one of these. */
export function sentencesOf(document: string): Sentence[] {
  const found: Sentence[] = []
  let before: string[] = []
  for (const text of document.replace(/\s+/g, ' ').split(/(?<=[a-z][.!?]["']?) (?=["']?[A-Z])/)) {
    const isSentence = /^[A-Z][^.!?]*[a-z]\.$/.test(text)
    if (isSentence) found.push({ text, before })
    before = [...before, ...text.split(' ')].slice(-CONTEXT_WORDS)
  }
  return found
}

/** At most `count` of them, chosen by seed, in their order. */
export function chosen<T>(items: readonly T[], count: number, seed: number): T[] {
  const random = numbersOf(seed)
  const ranks = items.map((_, i) => ({ i, rank: random() }))
  const kept = ranks.sort((a, b) => a.rank - b.rank || a.i - b.i).slice(0, count)
  return kept.sort((a, b) => a.i - b.i).map(({ i }) => items[i])
}
