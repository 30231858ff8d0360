/**
 * Ends a streamed text before the first stop string, which may span several pieces: what may be the beginning of one is
 * held back.
 */
export class StopStrings {
  private held = ''
  private found = false

  /** @throws RangeError for an empty one */
  constructor(private readonly stops: readonly string[]) {
    if (stops.some((stop) => stop === '')) throw new RangeError('a stop string must not be empty. Leave it out')
  }

  /** Whether a stop string was found. */
  get stopped(): boolean {
    return this.found
  }

  /** Adds the next piece of the text; returns the text that is safe to show. */
  push(piece: string): string {
    if (this.found) return ''
    const text = this.held + piece
    const begins = this.stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
    if (begins.length > 0) {
      this.found = true
      this.held = ''
      return text.slice(0, Math.min(...begins))
    }
    const keep = Math.max(0, ...this.stops.map((stop) => overlap(text, stop)))
    this.held = text.slice(text.length - keep)
    return text.slice(0, text.length - keep)
  }

  /** Returns what was held back, at the end of the text. */
  finish(): string {
    const { held } = this
    this.held = ''
    return held
  }
}

/** Length of the longest suffix of the text that is a prefix of a stop string. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--)
    if (text.endsWith(stop.slice(0, length))) return length
  return 0
}
