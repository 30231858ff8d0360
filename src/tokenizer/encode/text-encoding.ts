import { AddedTokenFinder, type AddedToken } from './added-tokens.js'
import { isPlain, TextSplitter } from './added-token-splitter.js'
import type { WordEncoder } from './word-encoder.js'
import { WordWindow, isHighSurrogate } from './word-window.js'

/**
 * Encodes one text that arrives in pieces: the ids equal those of the whole text, wherever it was split.
 * Buffers what a later piece could change: the last word, and a possible prefix of an added token; the whole text if an
 * added token depends on its context.
 */
export class TextEncoding {
  private pending = ''
  private readonly window: WordWindow
  private readonly finder: AddedTokenFinder
  private readonly splitter: TextSplitter | undefined

  constructor(
    private readonly encoder: WordEncoder,
    tokens: readonly AddedToken[],
    private readonly special: boolean,
  ) {
    this.window = new WordWindow(encoder)
    this.finder = new AddedTokenFinder(tokens)
    if (!isPlain(tokens)) this.splitter = new TextSplitter(tokens)
  }

  write(piece: string): void {
    this.pending += piece
    if (this.splitter === undefined) this.advance(Math.max(0, this.pending.length - this.finder.longest))
  }

  finish(): void {
    const { splitter, window, encoder } = this
    if (splitter === undefined) {
      this.advance(this.pending.length)
      window.writeText(this.pending)
      window.finish()
    } else {
      const text = (part: string) => {
        window.writeText(part)
        window.finish()
      }
      splitter.split(this.pending, this.special, { text, token: ({ id }) => encoder.token(id) })
    }
    this.pending = ''
  }

  /** Consumes matches that begin before `settled`; those at or after it may be part of a longer match. */
  private advance(settled: number): void {
    const { pending, finder, window, encoder } = this
    let from = 0 // text before it is written
    let search = 0
    while (finder.find(pending, search) && finder.index <= settled) {
      const { token, index } = finder
      search = index + token.content.length
      if (token.special && !this.special) continue
      window.writeText(pending.slice(from, index))
      window.finish()
      encoder.token(token.id)
      from = search
    }
    let to = Math.max(settled, search)
    if (to > from && isHighSurrogate(pending.charCodeAt(to - 1))) to--
    if (to > from) window.writeText(pending.slice(from, to))
    this.pending = pending.slice(Math.max(from, to))
  }
}
