import { tokenFlags, type AddedToken } from '../encode/added-tokens.js'
import { TokenizerError } from '../error.js'
import { checkSteps, notesOfSteps } from './tokenizer-steps.js'
import { supports, summary, type Json } from './supports.js'
import type { TokenizerParts } from '../parts.js'
import { mergeIds, parseJson, vocabularyOf } from './vocabulary-files.js'

/**
 * Reads Hugging Face's tokenizer.json. Throws TokenizerError for an unsupported field that would change the ids, rather
 * than encode differently from the original. Settings that change ids only in calls that request it (truncation,
 * padding, tokens around a text) are not applied, as notesOfJson reports.
 */
export function partsOfJson(where: string, text: string): TokenizerParts {
  const file = parseJson(where, text)
  const model = file.model as Json | undefined
  if (model === null || typeof model !== 'object')
    throw new TokenizerError(
      where,
      'no "model", so this is not a tokenizer.json',
      'Give a tokenizer.json, or a folder that holds one or vocab.json and merges.txt',
    )
  checkModel(where, model)
  checkSteps(where, file)
  const vocabulary = vocabularyOf(where, model.vocab)
  const merges = mergeIds(where, vocabulary, mergePairs(where, model.merges))
  return { vocabulary, merges, addedTokens: addedTokensOf(where, file) }
}

/** The settings of a tokenizer.json that partsOfJson accepts and does not apply, one per line. */
export function notesOfJson(where: string, text: string): string[] {
  return notesOfSteps(where, parseJson(where, text))
}

function checkModel(where: string, model: Json): void {
  // Files of before 2020 have no type; merges tell BPE from the others.
  if (model.type !== undefined || model.merges === undefined) supports(where, 'model.type', model.type, ['BPE'])
  supports(where, 'model.dropout', model.dropout, [undefined, null, 0])
  supports(where, 'model.continuing_subword_prefix', model.continuing_subword_prefix, [undefined, null, ''])
  supports(where, 'model.end_of_word_suffix', model.end_of_word_suffix, [undefined, null, ''])
  supports(where, 'model.ignore_merges', model.ignore_merges, [undefined, false])
}

/** Merges as "a b", or as ["a", "b"] as since tokenizers 0.20. */
function mergePairs(where: string, merges: unknown): [string, string][] {
  if (!Array.isArray(merges))
    throw new TokenizerError(where, 'no list model.merges', 'The file is damaged: write it again')
  return merges.map((merge: unknown, rank) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge
    if (Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'))
      return pair as [string, string]
    throw new TokenizerError(where, `model.merges[${rank}] is ${summary(merge)}`, 'A merge is "a b" or ["a", "b"]')
  })
}

function addedTokensOf(where: string, file: Json): TokenizerParts['addedTokens'] {
  const tokens = (file.added_tokens ?? []) as Json[]
  if (!Array.isArray(tokens))
    throw new TokenizerError(where, 'added_tokens is not a list', 'The file is damaged: write it again')
  return tokens.map((given, at) => {
    const token = Object(given) as Json // null, in a damaged file, has no content either
    const { id, content, special = false } = token
    const name = `added_tokens[${at}]`
    if (!Number.isInteger(id) || (id as number) < 0 || typeof content !== 'string' || content === '')
      throw new TokenizerError(
        where,
        `${name} is ${JSON.stringify(given).slice(0, 60)}`,
        'It needs an integer "id" and a "content"',
      )
    return { id: id as number, content, special: special === true, ...flagsOf(where, name, token) }
  })
}

/** The flags of an added token that are set. */
export function flagsOf(where: string, name: string, token: Json): Partial<AddedToken> {
  const set = Object.entries(tokenFlags).filter(([flag]) => {
    supports(where, `${name}.${flag}`, token[flag], [undefined, null, false, true])
    return token[flag] === true
  })
  return Object.fromEntries(set.map(([, key]) => [key, true]))
}

/** Writes a tokenizer.json that any version of Hugging Face tokenizers reads, with one token or merge per line. */
export function jsonOfParts({ vocabulary, merges, addedTokens }: TokenizerParts): string {
  const json = (value: unknown) => JSON.stringify(value)
  const lines = (items: readonly string[]) => (items.length > 0 ? `\n      ${items.join(',\n      ')}\n    ` : '')
  const added = addedTokens.map((token) => {
    const { id, content, special, singleWord = false, lstrip = false, rstrip = false, normalized = false } = token
    return json({ id, content, single_word: singleWord, lstrip, rstrip, normalized, special })
  })
  const pairs = Array.from({ length: merges.length / 2 }, (_, rank) =>
    json(`${vocabulary[merges[2 * rank]]} ${vocabulary[merges[2 * rank + 1]]}`),
  )
  return `{
  "version": "1.0",
  "truncation": null,
  "padding": null,
  "added_tokens": [${lines(added)}],
  "normalizer": null,
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
  "post_processor": null,
  "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
  "model": {
    "type": "BPE",
    "dropout": null,
    "unk_token": null,
    "continuing_subword_prefix": null,
    "end_of_word_suffix": null,
    "fuse_unk": false,
    "byte_fallback": false,
    "ignore_merges": false,
    "vocab": {${lines(vocabulary.map((token, id) => `${json(token)}: ${id}`))}},
    "merges": [${lines(pairs)}]
  }
}
`
}
