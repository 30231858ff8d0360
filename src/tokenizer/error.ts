/**
 * What goes wrong with a tokenizer or with the text it is trained on.
 * The message is one line: the file or function; what is wrong and with which part; what to do.
 */
export class TokenizerError extends Error {
  override name = 'TokenizerError'

  constructor(where: string, what: string, toDo: string, cause?: unknown) {
    super(`${where}: ${what}; ${toDo}`, cause === undefined ? undefined : { cause })
  }
}

/** A token in a message: on one line, whatever is in it. */
export const quoted = (token: string) => JSON.stringify(token.length > 60 ? `${token.slice(0, 60)}…` : token)
