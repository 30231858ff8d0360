/** Data errors: each message names the file, the record or line, the problem and the remedy. */
import { DataError } from '../corpus/index.js'

export { DataError } from '../corpus/index.js'

/** A record of a TFRecord file. `record` counts from 0, `offset` in bytes from the start of the file. */
export interface RecordLocation {
  readonly path: string
  readonly record: number
  readonly offset: number
}

/** The error about one record: "FILE: record N at byte B: what". */
export function recordError({ path, record, offset }: RecordLocation, what: string, options?: ErrorOptions): DataError {
  return new DataError(`${path}: record ${record} at byte ${offset}: ${what}`, options)
}
