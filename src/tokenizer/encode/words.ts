import { SPACE, classOf } from './character-classes.js'

/** Receives words. */
export interface WordSink {
  /** Takes the word bytes[start, end). The bytes are valid only during the call. */
  word(bytes: Uint8Array, start: number, end: number): void
}

/** Passes each word of bytes[start, end), one complete text in valid UTF-8, to the sink. */
export function eachWord(bytes: Uint8Array, start: number, end: number, sink: WordSink): void {
  while (start < end) {
    const next = wordEnd(bytes, start, end)
    sink.word(bytes, start, next)
    start = next
  }
}

const BLANK = 0x20
const APOSTROPHE = 0x27
/** By how many bytes beyond a word's end its end is settled: one whole character, or the "re" of an "'re". */
export const LOOKAHEAD = 4

/** Class of each one-byte character; WIDE for the bytes of longer ones. */
const WIDE = 4
const narrowClasses = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x80 ? classOf(byte) : WIDE))

/**
 * End of the word that begins at `start`, in a text of valid UTF-8 that ends at `end`. BPE merges only inside words.
 * GPT-2's pattern (src/encoder.py there):
 *   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * A scanner rather than a RegExp, since it reads bytes as they lie in files, and makes no object for each word.
 */
export function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]
  if (first === BLANK) {
    if (start + 1 === end) return end
    const next = classAt(bytes, start + 1)
    return next === SPACE ? spacesEnd(bytes, start, end) : runEnd(bytes, start + 1, end, next)
  }
  if (first === APOSTROPHE) {
    const length = contractionLength(bytes, start, end)
    if (length > 0) return start + length
  }
  const kind = classAt(bytes, start)
  return kind === SPACE ? spacesEnd(bytes, start, end) : runEnd(bytes, start, end, kind)
}

/** End of the run of characters of class `kind`. */
function runEnd(bytes: Uint8Array, at: number, end: number, kind: number): number {
  while (at < end) {
    const narrow = narrowClasses[bytes[at]]
    if (narrow === kind) at++
    else if (narrow === WIDE && wideClass(bytes, at) === kind) at += wideLength(bytes[at])
    else break
  }
  return at
}

/** End of white space: the whole run at the end of a text; before a word all but its last character, if it has two. */
function spacesEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let last = start
  while (at < end && classAt(bytes, at) === SPACE) {
    last = at
    at += bytes[at] < 0x80 ? 1 : wideLength(bytes[at])
  }
  return at === end || last === start ? at : last
}

/** Length of 's 't 'm 'd 're 've 'll, or 0. */
function contractionLength(bytes: Uint8Array, start: number, end: number): number {
  const left = end - start
  if (left < 2) return 0
  const first = bytes[start + 1]
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 2
  if (left < 3) return 0
  const second = bytes[start + 2]
  const long = second === 0x65 ? first === 0x72 || first === 0x76 : second === 0x6c && first === 0x6c
  return long ? 3 : 0
}

function classAt(bytes: Uint8Array, at: number): number {
  const narrow = narrowClasses[bytes[at]]
  return narrow === WIDE ? wideClass(bytes, at) : narrow
}

const wideLength = (lead: number) => (lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)

/** Class of the character of two to four bytes at `at`. */
function wideClass(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]
  const second = bytes[at + 1] & 0x3f
  if (lead < 0xe0) return classOf(((lead & 0x1f) << 6) | second)
  const third = bytes[at + 2] & 0x3f
  if (lead < 0xf0) return classOf(((lead & 0x0f) << 12) | (second << 6) | third)
  return classOf(((lead & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[at + 3] & 0x3f))
}
