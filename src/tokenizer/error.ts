/**
 * An invalid tokenizer or training text. The message is one line: the file or function, what is wrong with which part,
 * and the remedy.
 */
export class TokenizerError extends Error {
  override name = 'TokenizerError'

  constructor(where: string, what: string, remedy: string, cause?: unknown) {
    super(`${where}: ${what}. ${remedy}`, cause === undefined ? undefined : { cause })
  }
}

/** A token as one line of a message. */
export const quoted = (token: string) => JSON.stringify(token.length > 60 ? `${token.slice(0, 60)}…` : token)
