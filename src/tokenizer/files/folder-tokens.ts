/**
 * Added tokens that a folder names beside its tokenizer: added_tokens.json, special_tokens_map.json and
 * tokenizer_config.json, as transformers reads them. Source: tokenization_utils_base.py (_from_pretrained) and
 * tokenization_utils_fast.py (__init__).
 */
import type { AddedToken } from '../encode/added-tokens.js'
import { TokenizerError } from '../error.js'
import type { TokenizerParts } from '../parts.js'
import { supports, type Json } from './supports.js'
import { flagsOf } from './tokenizer-json.js'

/** Names of the files, and their contents where they are there. */
export const folderFiles = ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'] as const
export type FolderFiles = Partial<Record<(typeof folderFiles)[number], Json>>

/** A token as these files have it; without `id` the next free one. */
type NamedToken = Omit<AddedToken, 'id'> & { readonly id?: number }

const ROLES = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token']
const ROLE_LISTS = ['additional_special_tokens', 'extra_special_tokens']

/** The tokens that these files name. Throws TokenizerError for what is damaged, or would change the ids otherwise. */
export function namedTokens(folder: string, files: FolderFiles): NamedToken[] {
  const { 'tokenizer_config.json': config = {}, 'added_tokens.json': added } = files
  supports(folder, 'tokenizer_config.json: add_prefix_space', config.add_prefix_space, [undefined, null, false])
  const listed = config.added_tokens_decoder
  // transformers since 4.34 writes all into tokenizer_config.json, and then reads nothing else.
  const roles = listed === undefined ? { ...config, ...files['special_tokens_map.json'] } : config
  const special = [...ROLES.map((role) => roles[role]), ...ROLE_LISTS.flatMap((list) => roles[list] ?? [])]
    .filter((value) => value !== null && value !== undefined)
    .map((value) => tokenOf(folder, 'a special token', value, { special: true }))
  const names = new Set(special.map(({ content }) => content))
  const tokens =
    listed !== undefined
      ? Object.entries(Object(listed)).map(([id, value]) =>
          tokenOf(folder, `tokenizer_config.json: added_tokens_decoder ${id}`, value, { id: Number(id) }),
        )
      : Object.entries(added ?? {}).map(([content, id]) => {
          const isSpecial = names.has(content)
          const flags = isSpecial ? {} : { normalized: true }
          return tokenOf(folder, 'added_tokens.json', { content, ...flags }, { id: Number(id), special: isSpecial })
        })
  const known = new Set(tokens.map(({ content }) => content))
  return [...tokens.sort((a, b) => a.id! - b.id!), ...special.filter(({ content }) => !known.has(content))]
}

function tokenOf(folder: string, name: string, value: unknown, about: { id?: number; special?: boolean }): NamedToken {
  const token = (typeof value === 'string' ? { content: value } : Object(value)) as Json
  const { content } = token
  if (typeof content !== 'string' || content === '' || !(about.id === undefined || Number.isInteger(about.id)))
    throw new TokenizerError(
      folder,
      `${name} is ${JSON.stringify(value)?.slice(0, 60)}`,
      'A token needs an integer id and a text',
    )
  return { content, special: token.special === true, ...about, ...flagsOf(folder, name, token) }
}

/** The parts with these tokens added: one of the vocabulary keeps its id, another's flags are replaced. */
export function withTokens(parts: TokenizerParts, tokens: readonly NamedToken[]): TokenizerParts {
  const byContent = new Map(parts.addedTokens.map((token) => [token.content, token]))
  const vocabulary = new Map(parts.vocabulary.map((token, id) => [token, id]))
  let next = parts.addedTokens.reduce((most, { id }) => Math.max(most, id + 1), parts.vocabulary.length)
  for (const token of tokens) {
    const { content } = token
    const known = vocabulary.get(content) ?? byContent.get(content)?.id
    const id = known ?? token.id ?? next
    // A role names a token and says nothing of the flags that it has already.
    if (token.id === undefined && byContent.has(content))
      byContent.set(content, { ...byContent.get(content)!, special: true })
    else byContent.set(content, { ...token, id })
    next = Math.max(next, id + 1)
  }
  return { ...parts, addedTokens: [...byContent.values()] }
}
