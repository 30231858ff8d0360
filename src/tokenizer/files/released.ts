/**
 * Released tokenizers by name, such as "gpt2". Their ranks are in the npm package js-tiktoken, so no network is needed;
 * they are loaded on first use.
 */
import { TokenizerError } from '../error.js'
import type { TokenizerParts } from '../parts.js'
import { partsOfRanks, type Ranks } from './ranks.js'

const ranks: Readonly<Record<string, () => Promise<{ default: Ranks }>>> = {
  gpt2: () => import('js-tiktoken/ranks/gpt2'),
  p50k_base: () => import('js-tiktoken/ranks/p50k_base'),
}

/** Names of the same tokenizers on Hugging Face and in tiktoken. */
const aliases: Readonly<Record<string, string>> = {
  'gpt-2': 'gpt2',
  'gpt2-medium': 'gpt2',
  'gpt2-large': 'gpt2',
  'gpt2-xl': 'gpt2',
  'openai-community/gpt2': 'gpt2',
  'openai-community/gpt2-medium': 'gpt2',
  'openai-community/gpt2-large': 'gpt2',
  'openai-community/gpt2-xl': 'gpt2',
  'eleutherai/gpt-neo-125m': 'gpt2',
  'eleutherai/gpt-neo-1.3b': 'gpt2',
  'eleutherai/gpt-neo-2.7b': 'gpt2',
  r50k_base: 'gpt2',
}

/** Known, but they split words by other patterns than GPT-2's, the only one supported. */
const unsupported = ['cl100k_base', 'o200k_base']

/** The supported names, without aliases. */
export const releasedNames: readonly string[] = Object.keys(ranks)

/** The canonical name for a name or an alias, case-insensitive; undefined for unknown names. Throws TokenizerError. */
export function releasedName(name: string): string | undefined {
  const lower = name.toLowerCase()
  if (unsupported.includes(lower))
    throw new TokenizerError(
      name,
      "must be a tokenizer with GPT-2's word pattern",
      `Use one of ${releasedNames.join(', ')}`,
    )
  const known = aliases[lower] ?? lower
  return releasedNames.includes(known) ? known : undefined
}

const loaded = new Map<string, Promise<TokenizerParts>>()

/** The parts of a tokenizer of `releasedNames`, cached: recovering the merges takes half a second. */
export function releasedParts(name: string): Promise<TokenizerParts> {
  const parts = loaded.get(name) ?? ranks[name]().then((file) => partsOfRanks(name, file.default))
  loaded.set(name, parts)
  return parts
}
