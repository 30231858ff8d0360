import { AddedTokenFinder, type AddedToken } from './added-tokens.js'

/** Receives the parts of a text in order: stretches of text, and the added tokens between them. */
export interface PartSink {
  text(part: string): void
  token(token: AddedToken): void
}

/** Whether the tokens can be found in a text that arrives in pieces: none depends on its context. */
export function isPlain(tokens: readonly AddedToken[]): boolean {
  const flagged = tokens.some(({ singleWord, lstrip, rstrip }) => singleWord || lstrip || rstrip)
  return !flagged && new Set(tokens.map(({ normalized = false }) => normalized)).size <= 1
}

/**
 * Splits complete texts at added tokens, honouring all flags: first at the tokens without `normalized`, then the rest at
 * the others. Source: Hugging Face tokenizers, added_vocabulary.rs (find_matches, extract_and_normalize).
 */
export class TextSplitter {
  private readonly first: AddedTokenFinder
  private readonly second: AddedTokenFinder

  constructor(tokens: readonly AddedToken[]) {
    this.first = new AddedTokenFinder(tokens.filter(({ normalized }) => !normalized))
    this.second = new AddedTokenFinder(tokens.filter(({ normalized }) => normalized))
  }

  /** Splits a text; special tokens are text unless `special`. */
  split(text: string, special: boolean, sink: PartSink): void {
    split(text, this.first, special, {
      text: (part) => split(part, this.second, special, sink),
      token: (token) => sink.token(token),
    })
  }
}

function split(text: string, finder: AddedTokenFinder, special: boolean, sink: PartSink): void {
  let done = 0
  for (let search = 0; finder.find(text, search);) {
    const { token, index } = finder
    const end = index + token.content.length
    search = end
    if (token.special && !special) continue
    if (token.singleWord && (isWord(before(text, index)) || isWord(after(text, end)))) continue
    let [start, stop] = [index, end]
    if (token.lstrip) {
      while (start > done && SPACE.test(text[start - 1])) start--
      start = Math.max(start, done)
    }
    if (token.rstrip) while (stop < text.length && SPACE.test(text[stop])) stop++
    if (start > done) sink.text(text.slice(done, start))
    // White space consumed by the token before may be all of this one.
    if (stop > start) sink.token(token)
    done = stop
  }
  if (done < text.length) sink.text(text.slice(done))
}

/** All white space is in the first plane, where a character is one UTF-16 unit. */
const SPACE = /\p{White_Space}/u
/** \w as in Rust's regular expressions. */
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u

const isWord = (character: string) => WORD.test(character)
const after = (text: string, at: number) => (at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : '')
const before = (text: string, at: number) => Array.from(text.slice(Math.max(0, at - 2), at)).pop() ?? ''
