import { TokenizerError } from './error.js'
import type { TokenizerParts } from './parts.js'
import { mergeIds, parseJson, vocabularyOf } from './vocabulary-files.js'

type Json = Record<string, unknown>

/**
 * Reads Hugging Face's tokenizer.json. Throws TokenizerError for a part that would change the ids and is not built
 * here, rather than encode otherwise than its author meant.
 */
export function partsOfJson(where: string, text: string): TokenizerParts {
  const file = parseJson(where, text)
  const model = file.model as Json | undefined
  if (model === null || typeof model !== 'object')
    throw new TokenizerError(
      where,
      'no "model", so this is not a tokenizer.json',
      'give a tokenizer.json, or a folder that holds one or vocab.json and merges.txt',
    )
  checkModel(where, model)
  checkSteps(where, file)
  const vocabulary = vocabularyOf(where, model.vocab)
  const merges = mergeIds(where, vocabulary, mergePairs(where, model.merges))
  return { vocabulary, merges, addedTokens: addedTokensOf(where, file) }
}

function checkModel(where: string, model: Json): void {
  // Files of before 2020 have no type; merges tell BPE from the others.
  if (model.type !== undefined || model.merges === undefined) supports(where, 'model.type', model.type, ['BPE'])
  supports(where, 'model.dropout', model.dropout, [undefined, null, 0])
  supports(where, 'model.continuing_subword_prefix', model.continuing_subword_prefix, [undefined, null, ''])
  supports(where, 'model.end_of_word_suffix', model.end_of_word_suffix, [undefined, null, ''])
  supports(where, 'model.ignore_merges', model.ignore_merges, [undefined, false])
}

function checkSteps(where: string, file: Json): void {
  supports(where, 'truncation', file.truncation, [undefined, null])
  supports(where, 'padding', file.padding, [undefined, null])
  supports(where, 'normalizer', file.normalizer, [undefined, null])
  const cut = onlyStep(file.pre_tokenizer, 'pretokenizers')
  supports(where, 'pre_tokenizer', cut.type, ['ByteLevel'])
  supports(where, 'pre_tokenizer.add_prefix_space', cut.add_prefix_space, [false])
  supports(where, 'pre_tokenizer.use_regex', cut.use_regex, [undefined, true])
  // As post-processor ByteLevel only trims offsets, which are not kept here.
  supports(where, 'post_processor', onlyStep(file.post_processor, 'processors').type, [undefined, 'ByteLevel'])
  supports(where, 'decoder', onlyStep(file.decoder, 'decoders').type, ['ByteLevel'])
}

function supports(where: string, part: string, value: unknown, supported: readonly unknown[]): void {
  if (supported.includes(value)) return
  const shown = supported.filter((one) => one !== undefined).map((one) => JSON.stringify(one))
  throw new TokenizerError(
    where,
    `${part} is ${summary(value)}`,
    `supported: ${shown.join(', ') || 'none'}${supported.includes(undefined) ? ' or left out' : ''}`,
  )
}

const summary = (value: unknown) =>
  value === undefined ? 'missing' : JSON.stringify((value as Json | null)?.type ?? value).slice(0, 60)

/** A step, or the single step of a Sequence; {} for none. */
function onlyStep(step: unknown, list: string): Json {
  if (step === null || typeof step !== 'object') return {}
  const steps = (step as Json)[list]
  const single = (step as Json).type === 'Sequence' && Array.isArray(steps) && steps.length === 1
  return single ? onlyStep(steps[0], list) : (step as Json)
}

/** Merges as "a b", or as ["a", "b"] as since tokenizers 0.20. */
function mergePairs(where: string, merges: unknown): [string, string][] {
  if (!Array.isArray(merges))
    throw new TokenizerError(where, 'no list model.merges', 'the file is damaged: write it again')
  return merges.map((merge: unknown, rank) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge
    if (Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'))
      return pair as [string, string]
    throw new TokenizerError(where, `model.merges[${rank}] is ${summary(merge)}`, 'a merge is "a b" or ["a", "b"]')
  })
}

function addedTokensOf(where: string, file: Json): TokenizerParts['addedTokens'] {
  const tokens = (file.added_tokens ?? []) as Json[]
  if (!Array.isArray(tokens))
    throw new TokenizerError(where, 'added_tokens is not a list', 'the file is damaged: write it again')
  return tokens.map((given, at) => {
    const token = Object(given) as Json // null, in a damaged file, has no content either
    const { id, content, special = false } = token
    const name = `added_tokens[${at}]`
    if (!Number.isInteger(id) || (id as number) < 0 || typeof content !== 'string' || content === '')
      throw new TokenizerError(
        where,
        `${name} is ${JSON.stringify(given).slice(0, 60)}`,
        'it needs a whole "id" and a "content"',
      )
    for (const flag of ['single_word', 'lstrip', 'rstrip'])
      supports(where, `${name}.${flag}`, token[flag], [undefined, false])
    // Without a normalizer `normalized` has no effect, unless tokens differ in it: then there are two rounds of search.
    supports(where, `${name}.normalized`, token.normalized ?? false, [tokens[0].normalized ?? false])
    return { id: id as number, content, special: special === true }
  })
}

/** Writes a tokenizer.json that Hugging Face tokenizers of any version reads; one token and one merge a line. */
export function jsonOfParts({ vocabulary, merges, addedTokens }: TokenizerParts): string {
  const json = (value: unknown) => JSON.stringify(value)
  const lines = (items: readonly string[]) => (items.length > 0 ? `\n      ${items.join(',\n      ')}\n    ` : '')
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false }
  const added = addedTokens.map(({ id, content, special }) => json({ id, content, ...flags, special }))
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
