import { TokenizerError } from '../error.js'

export type Json = Record<string, unknown>

/** Throws TokenizerError unless a field of a tokenizer's file has one of these values; undefined: absent. */
export function supports(where: string, part: string, value: unknown, supported: readonly unknown[]): void {
  if (supported.includes(value)) return
  const shown = supported.filter((one) => one !== undefined).map((one) => JSON.stringify(one))
  throw new TokenizerError(
    where,
    `${part} must be ${shown.join(', ') || 'absent'}${supported.includes(undefined) && shown.length > 0 ? ' or absent' : ''} (got ${summary(value)})`,
    'Other values are not supported',
  )
}

/** A field in a message: its `type`, if it has one. */
export const summary = (value: unknown) =>
  value === undefined ? 'missing' : JSON.stringify((value as Json | null)?.type ?? value).slice(0, 60)
