import { ZstdError } from './error.js'

/** Bytes that come in pieces, taken in the amounts that are needed. */
export class InputBytes {
  private held: Uint8Array = new Uint8Array(0)
  private readonly pieces: AsyncIterator<Uint8Array>

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces[Symbol.asyncIterator]()
  }

  async atEnd(): Promise<boolean> {
    return this.held.length === 0 && !(await this.hold(1))
  }

  /** The next bytes, a view. Throws ZstdError where there are fewer. */
  async take(count: number): Promise<Uint8Array> {
    if (this.held.length < count && !(await this.hold(count))) throw new ZstdError('it ends too early')
    const taken = this.held.subarray(0, count)
    this.held = this.held.subarray(count)
    return taken
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      if (await this.atEnd()) throw new ZstdError('it ends too early')
      const step = Math.min(left, this.held.length)
      this.held = this.held.subarray(step)
      left -= step
    }
  }

  /** Ends the source, whoever reads no further. */
  async close(): Promise<void> {
    await this.pieces.return?.()
  }

  private async hold(count: number): Promise<boolean> {
    while (this.held.length < count) {
      const { value, done } = await this.pieces.next()
      if (done === true) return false
      this.held = this.held.length === 0 ? value : Buffer.concat([this.held, value])
    }
    return true
  }
}
