/**
 * GPT-2's spelling of bytes as printable characters, in which vocabularies and merges are written:
 * byte 0x20 is "Ġ", 0x0A is "Ċ", printable Latin-1 stands for itself. Source: gpt-2 src/encoder.py, bytes_to_unicode.
 */

const printable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae

/** The character of each byte. Bytes that do not print take the characters from U+0100 on, in their order. */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++))
})()

const LAST_CHARACTER = 0x143
const bytesByCharacter = new Int16Array(LAST_CHARACTER + 1).fill(-1)
byteCharacters.forEach((character, byte) => (bytesByCharacter[character.charCodeAt(0)] = byte))

/** The bytes that a token stands for, or undefined if it holds a character that no byte has. */
export function bytesOfToken(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length)
  for (let at = 0; at < token.length; at++) {
    const code = token.charCodeAt(at)
    const byte = code > LAST_CHARACTER ? -1 : bytesByCharacter[code]
    if (byte < 0) return undefined
    bytes[at] = byte
  }
  return bytes
}
