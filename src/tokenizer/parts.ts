import type { AddedToken } from './encode/added-tokens.js'
import { byteCharacters, bytesOfToken } from './byte-alphabet.js'
import { TokenizerError, quoted } from './error.js'
import { PairTable } from './tables/pair-table.js'

/** A byte-level BPE tokenizer as plain data, which structuredClone and postMessage can copy. */
export interface TokenizerParts {
  /** Tokens in GPT-2's byte spelling ("Ġthe"), by id. */
  vocabulary: readonly string[]
  /** Pairs of ids, lowest rank first: left and right of merge i are merges[2i] and merges[2i + 1]. */
  merges: Int32Array
  /** Those that are not in `vocabulary` have the ids after it. */
  addedTokens: readonly AddedToken[]
}

/** Tokens of the vocabulary and of the added tokens, by id. Throws TokenizerError where an id is missing or twice. */
export function allTokens(where: string, { vocabulary, addedTokens }: TokenizerParts): string[] {
  const tokens = [...vocabulary]
  for (const { id, content } of [...addedTokens].sort((a, b) => a.id - b.id)) {
    if (id > tokens.length)
      throw new TokenizerError(
        where,
        `no token has id ${tokens.length}, but added token ${quoted(content)} has id ${id}`,
        'Give the added tokens the ids that follow the vocabulary',
      )
    if (id < tokens.length && tokens[id] !== content)
      throw new TokenizerError(
        where,
        `id ${id} is both ${quoted(tokens[id])} and added token ${quoted(content)}`,
        'Give each token a different id',
      )
    tokens[id] = content
  }
  const ids = new Map<string, number>()
  tokens.forEach((token, id) => {
    if (ids.has(token))
      throw new TokenizerError(
        where,
        `token ${quoted(token)} has the ids ${ids.get(token)} and ${id}`,
        'Keep one of them',
      )
    ids.set(token, id)
  })
  return tokens
}

/** The id of each byte's token. Throws TokenizerError if one is missing. */
export function byteIdsOf(where: string, idOf: (token: string) => number | undefined): Int32Array {
  const ids = byteCharacters.map((character) => idOf(character) ?? -1)
  const missing = ids.flatMap((id, byte) => (id < 0 ? [byte] : []))
  if (missing.length > 0)
    throw new TokenizerError(
      where,
      `the vocabulary lacks ${missing.length} of the 256 bytes, the first "${byteCharacters[missing[0]]}". ` +
        'Text with them could not be encoded',
      'Train it with the byte alphabet (initial_alphabet=ByteLevel.alphabet())',
    )
  return Int32Array.from(ids)
}

/** The merges without repeated pairs; of a pair that occurs twice the later counts, as in Hugging Face tokenizers. */
export function withoutRepeats(merges: Int32Array): Int32Array {
  const pairs = new PairTable()
  const reversed: number[] = []
  for (let at = merges.length - 2; at >= 0; at -= 2) {
    const known = pairs.size
    if (pairs.intern(merges[at], merges[at + 1]) === known) reversed.push(merges[at + 1], merges[at])
  }
  return Int32Array.from(reversed.reverse())
}

/** The token that each merge makes. Throws TokenizerError if one is not in the vocabulary. */
export function mergeResults(
  where: string,
  { vocabulary, merges }: TokenizerParts,
  idOf: (token: string) => number | undefined,
): Int32Array {
  const results = new Int32Array(merges.length / 2)
  for (let rank = 0; rank < results.length; rank++) {
    const left = vocabulary[merges[2 * rank]]
    const right = vocabulary[merges[2 * rank + 1]]
    const result = idOf(left + right)
    if (result === undefined || result >= vocabulary.length)
      throw new TokenizerError(
        where,
        `merge ${rank} (${quoted(`${left} ${right}`)}) makes ${quoted(left + right)}, which is not in the vocabulary`,
        'Use the vocabulary and the merges of one training',
      )
    results[rank] = result
  }
  return results
}

/**
 * The bytes that each token decodes to. An added token decodes to its own text (Hugging Face decodes "é" in one to a
 * stray byte), and so does a vocabulary entry that is not in the byte spelling.
 */
export function tokenBytes(tokens: readonly string[], addedTokens: readonly AddedToken[]): Uint8Array[] {
  const encoder = new TextEncoder()
  const added = new Set(addedTokens.map(({ id }) => id))
  return tokens.map((token, id) => (added.has(id) ? undefined : bytesOfToken(token)) ?? encoder.encode(token))
}
