/** Names of tokens in log probabilities, where a map is keyed by token text. */
import type { Tokenizer } from '../tokenizer/index.js'

export interface TokenNames {
  /** A name that no other id has. */
  nameOf(id: number): string
  /** The bytes that a token stands for; none for an id that the tokenizer lacks. */
  bytesOf(id: number): Uint8Array
}

/**
 * A token's text; `bytes:\xe2\x80` if it is a part of a character, as OpenAI's API has it; `token_id:7` for an id that the
 * tokenizer lacks, and for a text that a lower id has already (an added token may repeat a learned one).
 */
export function tokenNames(tokenizer: Tokenizer): TokenNames {
  const { vocabSize } = tokenizer
  let names: readonly string[] | undefined
  const list = () => {
    const taken = new Set<string>()
    return Array.from({ length: vocabSize }, (_, id) => {
      const text = textOf(tokenizer.bytesOf(id))
      const name = taken.has(text) ? withoutText(id) : text
      taken.add(name)
      return name
    })
  }
  return {
    nameOf: (id) => (names ??= list())[id] ?? withoutText(id),
    bytesOf: (id) => (id < vocabSize ? tokenizer.bytesOf(id) : new Uint8Array(0)),
  }
}

const withoutText = (id: number) => `token_id:${id}`

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return `bytes:${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`
  }
}
