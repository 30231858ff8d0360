/**
 * Decodes tokens one by one, as a model generates them. A token may end inside a UTF-8 character; its bytes are then
 * held back until the character is whole, so that no half of one is ever printed.
 */
export class StreamDecoder {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true })

  /** @param bytesOf the bytes of a token; throws for an id that is no token */
  constructor(private readonly bytesOf: (id: number) => Uint8Array) {}

  /** The text that this token completes; often one word, '' if its character is not whole yet. */
  push(id: number): string {
    return this.decoder.decode(this.bytesOf(id), { stream: true })
  }

  /** Ends the text: U+FFFD for a character that was left incomplete, else ''. The next push begins another text. */
  finish(): string {
    return this.decoder.decode()
  }
}
