/** Minimal pairs from texts of one's own, in the manner of BLiMP. */
import type { MakeOptions } from './last-words.js'
import { chosen, sentencesOf } from './sentences.js'

/** A sentence, and the same with one rule of English broken. */
export interface MinimalPair {
  readonly good: string
  readonly bad: string
  /** The rule. */
  readonly group: string
}

/** Words that exchange each other: what is right in a sentence makes the other wrong. */
const EXCHANGES: readonly (readonly [group: string, one: string, other: string])[] = [
  ['agreement of verbs', 'is', 'are'],
  ['agreement of verbs', 'was', 'were'],
  ['agreement of verbs', 'has', 'have'],
  ['agreement of determiners', 'this', 'these'],
  ['articles', 'a', 'an'],
]
const ORDER = 'word order'

/**
 * Sentences of 5 to 25 words, each with one word exchanged or two neighbours swapped, so that a rule is broken: `{"good": ...,
 * "bad": ..., "group": ...}`, as many of each rule. A function of the texts and the seed.
 */
export function makeMinimalPairs(
  documents: readonly string[],
  { count = 200, seed = 0 }: MakeOptions = {},
): MinimalPair[] {
  const groups = [...new Set(EXCHANGES.map(([group]) => group)), ORDER]
  const byGroup = new Map(groups.map((group): [string, MinimalPair[]] => [group, []]))
  for (const document of documents)
    for (const { text } of sentencesOf(document)) {
      const { length } = text.split(' ')
      if (length < 5 || length > 25 || !/^[A-Za-z ,'-]+\.$/.test(text)) continue
      for (const pair of pairsOf(text)) byGroup.get(pair.group)!.push(pair)
    }
  return groups.flatMap((group, i) => chosen(byGroup.get(group)!, Math.ceil(count / groups.length), seed + i))
}

function pairsOf(good: string): MinimalPair[] {
  const pairs: MinimalPair[] = []
  for (const [group, one, other] of EXCHANGES) {
    const found = [...good.matchAll(new RegExp(`(?<= )(${one}|${other})(?= )`, 'g'))]
    // Only one, so that the sentence does not agree with itself again.
    if (found.length !== 1) continue
    const [{ index, 0: word }] = found
    pairs.push({
      good,
      bad: good.slice(0, index) + (word === one ? other : one) + good.slice(index + word.length),
      group,
    })
  }
  const swap = / (of|in|by|to|for|with) (the|our|their|its) /
  if (swap.test(good)) pairs.push({ good, bad: good.replace(swap, ' $2 $1 '), group: ORDER })
  return pairs
}
