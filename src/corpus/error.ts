/** Text or data that cannot be used, or options that cannot be met: the message names the file, the line or record. */
export class DataError extends Error {
  override name = 'DataError'
}
