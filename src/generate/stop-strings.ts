/**
 * Ends a text before the first of some strings, wherever the borders of its pieces are. What may be the beginning of a
 * stop string is held back until it is known.
 */
export class StopStrings {
  private held = ''
  private found = false

  /** @throws RangeError for an empty one */
  constructor(private readonly stops: readonly string[]) {
    if (stops.some((stop) => stop === '')) throw new RangeError('a stop string must not be empty. Leave it out')
  }

  /** Whether a stop string has come. */
  get stopped(): boolean {
    return this.found
  }

  /** Takes the next piece of the text; returns what can be shown of it, and of what was held back. */
  push(piece: string): string {
    if (this.found) return ''
    const text = this.held + piece
    const begins = this.stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
    if (begins.length > 0) {
      this.found = true
      this.held = ''
      return text.slice(0, Math.min(...begins))
    }
    const keep = Math.max(0, ...this.stops.map((stop) => beginningAtEnd(text, stop)))
    this.held = text.slice(text.length - keep)
    return text.slice(0, text.length - keep)
  }

  /** At the end of the text: what was held back. */
  finish(): string {
    const { held } = this
    this.held = ''
    return held
  }
}

/** Length of the longest end of the text that a stop string begins with. */
function beginningAtEnd(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--)
    if (text.endsWith(stop.slice(0, length))) return length
  return 0
}
