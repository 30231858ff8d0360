import { byteCharacters } from '../byte-alphabet.js'
import { TokenizerError, quoted } from '../error.js'
import type { TokenizerParts } from '../parts.js'

/**
 * Reads GPT-2's pair of files, vocab.json ({token: id}) and merges.txt (one "left right" per line, after "#version").
 * They do not say which tokens are special; here it is the tokens like "<|endoftext|>" which no merge makes, and those
 * that other files name.
 */
export function partsOfVocabularyFiles(
  where: { vocabulary: string; merges: string },
  vocabularyText: string,
  mergesText: string,
  named: ReadonlySet<string> = new Set(),
): TokenizerParts {
  const vocabulary = vocabularyOf(where.vocabulary, parseJson(where.vocabulary, vocabularyText))
  const pairs = mergesText.split(/\r?\n/).flatMap((line, at): [string, string][] => {
    if (line === '' || line.startsWith('#version')) return []
    const pair = line.split(' ')
    if (pair.length === 2) return [pair as [string, string]]
    throw new TokenizerError(
      where.merges,
      `line ${at + 1} is ${quoted(line)}`,
      'A line is two tokens with a space between',
    )
  })
  const made = new Set([...byteCharacters, ...pairs.map(([left, right]) => left + right)])
  const special = vocabulary.filter((token) => !made.has(token) && !named.has(token))
  const odd = special.find((token) => !/^<.+>$/.test(token))
  if (odd !== undefined)
    throw new TokenizerError(
      where.merges,
      `no merge makes ${quoted(odd)} of ${where.vocabulary}`,
      'It may be cut short, or of another tokenizer: get both files again',
    )
  return {
    vocabulary,
    merges: mergeIds(where.merges, vocabulary, pairs),
    addedTokens: special.map((content) => ({ id: vocabulary.indexOf(content), content, special: true })),
  }
}

/** Parses a file that must hold a JSON object. */
export function parseJson(where: string, text: string): Record<string, unknown> {
  if (text.trim() === '') throw new TokenizerError(where, 'the file is empty', 'Copy or write it again')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new TokenizerError(
      where,
      `not JSON (${(error as Error).message.replace(/\s+/g, ' ')})`,
      'The file may be cut short: copy or write it again',
      error,
    )
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new TokenizerError(where, 'not a JSON object', 'Give a tokenizer.json or a vocab.json')
  return value as Record<string, unknown>
}

/** Tokens by id, of {token: id}. */
export function vocabularyOf(where: string, vocab: unknown): string[] {
  if (vocab === null || typeof vocab !== 'object')
    throw new TokenizerError(where, 'no vocabulary {token: id}', 'The file is damaged: write it again')
  const entries = Object.entries(vocab)
  const vocabulary: string[] = []
  for (const [token, id] of entries) {
    if (!Number.isInteger(id) || id < 0 || id >= entries.length)
      throw new TokenizerError(
        where,
        `token ${quoted(token)} has id ${JSON.stringify(id)}`,
        `The ${entries.length} tokens need the ids 0 to ${entries.length - 1}, without holes`,
      )
    if (vocabulary[id] !== undefined)
      throw new TokenizerError(
        where,
        `tokens ${quoted(vocabulary[id])} and ${quoted(token)} have the same id ${id}`,
        'Give each token a different id',
      )
    vocabulary[id] = token
  }
  return vocabulary
}

/** The merges as ids. */
export function mergeIds(where: string, vocabulary: readonly string[], pairs: readonly [string, string][]): Int32Array {
  const ids = new Map(vocabulary.map((token, id) => [token, id]))
  return Int32Array.from(
    pairs.flatMap(([left, right], rank) => {
      const pair = [ids.get(left), ids.get(right)]
      if (pair[0] !== undefined && pair[1] !== undefined) return pair as number[]
      const unknown = pair[0] === undefined ? left : right
      throw new TokenizerError(
        where,
        `merge ${rank} (${quoted(`${left} ${right}`)}): ${quoted(unknown)} is not in the vocabulary`,
        'Use the vocabulary and the merges of one training',
      )
    }),
  )
}
