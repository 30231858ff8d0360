/** Mistakes in data: each message names the file, the record or line, what is wrong and what to do. */
import { DataError } from '../corpus/index.js'

export { DataError } from '../corpus/index.js'

/** A record of a TFRecord file. `record` counts from 0, `offset` in bytes from the start of the file. */
export interface RecordPlace {
  readonly path: string
  readonly record: number
  readonly offset: number
}

/** Every complaint about one record reads the same: "FILE: record N at byte B: what". */
export function recordError({ path, record, offset }: RecordPlace, what: string, options?: ErrorOptions): DataError {
  return new DataError(`${path}: record ${record} at byte ${offset}: ${what}`, options)
}
