/**
 * Tokenizers that were released and go by a name, as "gpt2". Their ranks come with the npm package js-tiktoken, so that
 * no network is needed; they are read when a tokenizer is asked for, and not before.
 */
import { TokenizerError } from '../error.js'
import type { TokenizerParts } from '../parts.js'
import { partsOfRanks, type Ranks } from './ranks.js'

const ranks: Readonly<Record<string, () => Promise<{ default: Ranks }>>> = {
  gpt2: () => import('js-tiktoken/ranks/gpt2'),
  p50k_base: () => import('js-tiktoken/ranks/p50k_base'),
}

/** Names by which Hugging Face and tiktoken have the same tokenizers. */
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

/** Known by name, but their words are cut by other patterns than GPT-2's, the only one here. */
const unsupported = ['cl100k_base', 'o200k_base']

/** The names to ask for. */
export const releasedNames: readonly string[] = Object.keys(ranks)

/** The name under which a tokenizer is here, of it or of an alias, in any case of letters; undefined for others. */
export function releasedName(name: string): string | undefined {
  const lower = name.toLowerCase()
  if (unsupported.includes(lower))
    throw new TokenizerError(
      name,
      "not supported: its pattern of words is not GPT-2's",
      `use one of ${releasedNames.join(', ')}`,
    )
  const known = aliases[lower] ?? lower
  return releasedNames.includes(known) ? known : undefined
}

const loaded = new Map<string, Promise<TokenizerParts>>()

/** The parts of a tokenizer of `releasedNames`; recovering the merges takes half a second, so it is done once. */
export function releasedParts(name: string): Promise<TokenizerParts> {
  const parts = loaded.get(name) ?? ranks[name]().then((file) => partsOfRanks(name, file.default))
  loaded.set(name, parts)
  return parts
}
