/** A token that is recognised in a text before it is cut into words, as Hugging Face's AddedToken. */
export interface AddedToken {
  id: number
  content: string
  /** Special tokens can be left unrecognised when encoding, and left out when decoding. */
  special: boolean
  /** Found in what the tokens without it leave, that is, after them. Absent: false, as are the other flags. */
  normalized?: boolean
  /** Only where no letter, digit or underscore is beside it. */
  singleWord?: boolean
  /** Takes in the white space before it. */
  lstrip?: boolean
  /** Takes in the white space after it. */
  rstrip?: boolean
}

/** The flags as Hugging Face's files name them, and as they are named here. */
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
  /** What the last `find` found. */
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
