/** What a PJRT plugin refused, or what we refuse on its behalf because plugins crash rather than complain. */

/** Names of absl::StatusCode, by number. */
const codes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const
export type PjrtErrorCode = (typeof codes)[number]

export function codeName(code: number): PjrtErrorCode {
  return codes[code] ?? 'UNKNOWN'
}

export class PjrtError extends Error {
  override readonly name = 'PjrtError'

  /**
   * @param entry the PJRT call, as in `Client_Compile`
   * @param code absl's name, as in `RESOURCE_EXHAUSTED`
   * @param detail the message of XLA, whole
   */
  constructor(
    readonly entry: string,
    readonly code: PjrtErrorCode,
    readonly detail: string,
  ) {
    super(`${entry} (${code}): ${detail.trimEnd()}`)
  }
}
