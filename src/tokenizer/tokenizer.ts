import type { AddedToken } from './encode/added-tokens.js'
import { TextEncoding } from './encode/text-encoding.js'
import { TokenizerError } from './error.js'
import { PairTable } from './tables/pair-table.js'
import { allTokens, byteIdsOf, mergeResults, tokenBytes, withoutRepeats, type TokenizerParts } from './parts.js'
import { StreamDecoder } from './stream-decoder.js'
import { WordEncoder } from './encode/word-encoder.js'
import { WordMerger } from './encode/word-merger.js'

export interface EncodeOptions {
  /** Whether "<|endoftext|>" in the text is that token, or plain text (for untrusted input). @default true */
  special?: boolean
}

export interface DecodeOptions {
  /** Whether special tokens appear in the text. @default true */
  special?: boolean
}

/**
 * Byte-level BPE as GPT-2 has it: text to token ids and back. Ids are equal to those of Hugging Face tokenizers 0.23
 * for every text. Any text can be encoded, and decode(encode(text)) === text, lone surrogates (U+FFFD) aside.
 * Made by `trainTokenizer` or `loadTokenizer`; for use in a worker send it `parts`. Not thread-safe.
 */
export class Tokenizer {
  readonly parts: TokenizerParts
  private readonly tokens: readonly string[]
  private readonly ids: ReadonlyMap<string, number>
  private readonly bytes: readonly Uint8Array[]
  private readonly specialIds: ReadonlySet<number>
  private readonly encoder: WordEncoder
  private readonly wholeTexts: { special: TextEncoding; plain: TextEncoding }

  /**
   * @param given the parts; of a duplicate merge the later is kept
   * @param where the file or function that the parts come from, named in errors
   * @param notes settings of its files that are not applied, one per line
   */
  constructor(
    given: TokenizerParts,
    where = 'tokenizer',
    readonly notes: readonly string[] = [],
  ) {
    const parts = { ...given, merges: withoutRepeats(given.merges) }
    this.parts = parts
    this.tokens = allTokens(where, parts)
    this.ids = new Map(this.tokens.map((token, id) => [token, id]))
    const idOf = (token: string) => this.ids.get(token)
    const merges = new PairTable()
    for (let at = 0; at < parts.merges.length; at += 2) merges.intern(parts.merges[at], parts.merges[at + 1])
    this.encoder = new WordEncoder(byteIdsOf(where, idOf), new WordMerger(merges, mergeResults(where, parts, idOf)))
    this.wholeTexts = { special: this.textEncoding(true), plain: this.textEncoding(false) }
    this.bytes = tokenBytes(this.tokens, parts.addedTokens)
    this.specialIds = new Set(parts.addedTokens.filter((token) => token.special).map((token) => token.id))
  }

  /** Number of tokens, added ones among them; ids are 0 to vocabSize - 1. */
  get vocabSize(): number {
    return this.tokens.length
  }

  get addedTokens(): readonly AddedToken[] {
    return this.parts.addedTokens
  }

  /** The id of a token in GPT-2's byte spelling ("Ġthe") or of an added token; undefined if there is none. */
  idOf(token: string): number | undefined {
    return this.ids.get(token)
  }

  /** The token with this id, in GPT-2's byte spelling. Throws TokenizerError if there is none. */
  tokenOf(id: number): string {
    this.check('tokenOf', id)
    return this.tokens[id]
  }

  /** The bytes that a token stands for, which bits per byte counts. Throws TokenizerError if there is no such token. */
  bytesOf(id: number): Uint8Array {
    this.check('bytesOf', id)
    return this.bytes[id]
  }

  /** The token ids of a text. */
  encode(text: string, { special = true }: EncodeOptions = {}): Int32Array {
    const encoding = special ? this.wholeTexts.special : this.wholeTexts.plain
    encoding.write(text)
    encoding.finish()
    return this.encoder.take()
  }

  /** The ids of one text that comes in pieces, as it comes: joined, they are those of the whole. Memory stays small. */
  async *encodeStream(
    pieces: Iterable<string> | AsyncIterable<string>,
    { special = true }: EncodeOptions = {},
  ): AsyncGenerator<Int32Array, void, undefined> {
    const encoding = this.textEncoding(special)
    for await (const piece of pieces) {
      encoding.write(piece)
      if (this.encoder.length > 0) yield this.encoder.take()
    }
    encoding.finish()
    if (this.encoder.length > 0) yield this.encoder.take()
  }

  /** The text of token ids; bytes that are not UTF-8 become U+FFFD. Throws TokenizerError for an id without token. */
  decode(ids: ArrayLike<number>, { special = true }: DecodeOptions = {}): string {
    let length = 0
    for (let at = 0; at < ids.length; at++) {
      this.check('decode', ids[at])
      length += this.bytes[ids[at]].length
    }
    const bytes = Buffer.allocUnsafe(length)
    let end = 0
    for (let at = 0; at < ids.length; at++) {
      if (!special && this.specialIds.has(ids[at])) continue
      bytes.set(this.bytes[ids[at]], end)
      end += this.bytes[ids[at]].length
    }
    return bytes.toString('utf8', 0, end)
  }

  /** Decodes tokens one by one, as a model generates them. */
  decodeStream({ special = true }: DecodeOptions = {}): StreamDecoder {
    const nothing = new Uint8Array(0)
    return new StreamDecoder((id) => (!special && this.specialIds.has(id) ? nothing : this.bytesOf(id)))
  }

  private textEncoding(special: boolean): TextEncoding {
    return new TextEncoding(this.encoder, this.parts.addedTokens, special)
  }

  private check(what: string, id: number): void {
    if (this.tokens[id] === undefined)
      throw new TokenizerError(
        what,
        `a token id must be an integer from 0 to ${this.vocabSize - 1} (got ${id})`,
        'Leave out padding, and decode with the tokenizer that encoded the text',
      )
  }
}
