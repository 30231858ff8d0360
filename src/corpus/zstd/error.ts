/** An archive that breaks the format (RFC 8878): damaged, cut off, or of a kind that is not supported. */
export class ZstdError extends Error {
  override name = 'ZstdError'
}
