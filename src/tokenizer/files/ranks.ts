import type { AddedToken } from '../encode/added-tokens.js'
import { byteCharacters } from '../byte-alphabet.js'
import { TokenizerError, quoted } from '../error.js'
import { PairTable } from '../tables/pair-table.js'
import type { TokenizerParts } from '../parts.js'
import { WordMerger } from '../encode/word-merger.js'

/** A vocabulary as tiktoken has it, in the packed spelling of the npm package js-tiktoken. */
export interface Ranks {
  /** Lines of "! FIRST_ID TOKEN TOKEN ...", tokens in base64, with the ids FIRST_ID, FIRST_ID + 1, ... */
  readonly bpe_ranks: string
  /** Ids of the special tokens. */
  readonly special_tokens: Readonly<Record<string, number>>
}

/**
 * The parts of the tokenizer that tiktoken's ranks describe. Ranks hold no merges: the merge that makes a token joins
 * the two tokens into which the merges before it turn the token's bytes. Throws TokenizerError where there are not two.
 */
export function partsOfRanks(where: string, { bpe_ranks: packed, special_tokens: special }: Ranks): TokenizerParts {
  const byId = tokensById(packed)
  const addedTokens = Object.entries(special)
    .map(([content, id]): AddedToken => ({ id, content, special: true }))
    .sort((a, b) => a.id - b.id)
  const specialById = new Map(addedTokens.map(({ id, content }) => [id, content]))
  const merges = mergesOf(where, byId)
  // As in Hugging Face's vocab.json, special tokens whose ids follow belong to the vocabulary.
  while (specialById.has(byId.length)) byId.push(undefined)
  const vocabulary = Array.from(byId, (bytes, id) => (bytes ? spelled(bytes) : specialById.get(id)!))
  return { vocabulary, merges, addedTokens }
}

/** The bytes of each token by id; undefined where a special token has the id. */
function tokensById(packed: string): (Buffer | undefined)[] {
  const byId: (Buffer | undefined)[] = []
  for (const line of packed.split('\n')) {
    const [, first, ...tokens] = line.split(' ')
    tokens.forEach((token, at) => (byId[Number(first) + at] = Buffer.from(token, 'base64')))
  }
  return byId
}

const spelled = (bytes: Uint8Array) => Array.from(bytes, (byte) => byteCharacters[byte]).join('')

function mergesOf(where: string, byId: readonly (Buffer | undefined)[]): Int32Array {
  const byteIds = new Int32Array(256)
  byId.forEach((bytes, id) => {
    if (bytes?.length === 1) byteIds[bytes[0]] = id
  })
  const pairs = new PairTable()
  const results = new Int32Array(byId.length)
  const merger = new WordMerger(pairs, results)
  byId.forEach((bytes, id) => {
    if (bytes === undefined || bytes.length === 1) return
    const symbols = Int32Array.from(bytes, (byte) => byteIds[byte])
    if (merger.merge(symbols, symbols.length) !== 2)
      throw new TokenizerError(where, `no merge makes ${quoted(spelled(bytes))}`, 'Install js-tiktoken again (npm ci)')
    results[pairs.intern(symbols[0], symbols[1])] = id
  })
  return Int32Array.from({ length: 2 * pairs.size }, (_, at) => (at % 2 ? pairs.rights : pairs.lefts)[at >> 1])
}
