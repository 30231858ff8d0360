/**
 * Cutting a long text where a tokenizer would cut it too: before white space that follows something else. GPT-2's
 * pattern begins a new word at each such place, so encoding the parts one by one gives the ids of the whole.
 */

const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** The last good place to cut in bytes [from, to) of UTF-8; -1 if there is none. */
export function lastCut(bytes: Buffer, from: number, to: number): number {
  for (let i = to - 1; i > from; i--) {
    if (isSpace(bytes[i]) && !isSpace(bytes[i - 1]) && !endsInSpace(bytes, from, i)) return i
  }
  return -1
}

/** White space beyond ASCII, such as U+3000, is two or three bytes long. */
function endsInSpace(bytes: Buffer, from: number, end: number): boolean {
  return bytes[end - 1] >= 0x80 && /\s$/u.test(bytes.toString('utf8', Math.max(from, end - 4), end))
}

/** Parts of about `length` UTF-16 units, cut at good places; a text without one stays whole. They join to the text. */
export function cutText(text: string, length: number): string[] {
  const place = /\S(?=\s)/gu
  const parts: string[] = []
  let start = 0
  while (text.length - start > length) {
    place.lastIndex = start + length
    const match = place.exec(text)
    if (match === null) break
    const end = match.index + match[0].length
    parts.push(text.slice(start, end))
    start = end
  }
  parts.push(text.slice(start))
  return parts
}
