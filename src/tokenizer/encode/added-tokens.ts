/** A token that is matched in a text before it is split into words, like Hugging Face's AddedToken. */
export interface AddedToken {
  id: number
  content: string
  /** Special tokens can be treated as text when encoding, and omitted when decoding. */
  special: boolean
  /** Matched after the tokens without this flag, in the remaining text. Absent: false, as for the other flags. */
  normalized?: boolean
  /** Matched only if no letter, digit or underscore is adjacent. */
  singleWord?: boolean
  /** Consumes the white space before it. */
  lstrip?: boolean
  /** Consumes the white space after it. */
  rstrip?: boolean
}

/** The flags' names in Hugging Face's files, and here. */
export const tokenFlags = {
  normalized: 'normalized',
  single_word: 'singleWord',
  lstrip: 'lstrip',
  rstrip: 'rstrip',
} as const

/** Finds added tokens in a text: the leftmost first, and of several that begin there the longest. */
export class AddedTokenFinder {
  /** Length of the longest added token, in UTF-16 units; 0 if there is none. */
  readonly longest: number
  /** The match of the last `find`. */
  token!: AddedToken
  index = 0
  private readonly byContent: Map<string, AddedToken>
  private readonly pattern: RegExp | undefined

  constructor(tokens: readonly AddedToken[]) {
    this.byContent = new Map(tokens.map((token) => [token.content, token]))
    const contents = [...this.byContent.keys()].sort((a, b) => b.length - a.length)
    this.longest = contents.length > 0 ? contents[0].length : 0
    if (contents.length > 0) this.pattern = new RegExp(contents.map(escaped).join('|'), 'g')
  }

  /** Looks for the next added token from `from` on, and sets `token` and `index`. */
  find(text: string, from: number): boolean {
    if (this.pattern === undefined) return false
    this.pattern.lastIndex = from
    const match = this.pattern.exec(text)
    if (match === null) return false
    this.token = this.byContent.get(match[0])!
    this.index = match.index
    return true
  }
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
