import { TokenizerError } from '../error.js'

export type Json = Record<string, unknown>

/** Throws TokenizerError unless a part of a tokenizer's file has one of these values; undefined is a part left out. */
export function supports(where: string, part: string, value: unknown, supported: readonly unknown[]): void {
  if (supported.includes(value)) return
  const shown = supported.filter((one) => one !== undefined).map((one) => JSON.stringify(one))
  throw new TokenizerError(
    where,
    `${part} is ${summary(value)}`,
    `supported: ${shown.join(', ') || 'none'}${supported.includes(undefined) ? ' or left out' : ''}`,
  )
}

/** A part in a message: its type, if it has one. */
export const summary = (value: unknown) =>
  value === undefined ? 'missing' : JSON.stringify((value as Json | null)?.type ?? value).slice(0, 60)
