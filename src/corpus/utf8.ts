/**
 * Bytes to text. Policy for bytes that are not UTF-8: each maximal bad sequence becomes U+FFFD (the WHATWG rule), and
 * the number of replacements is counted, so that a report can say it.
 */
import { isUtf8 } from '../runtime/index.js'

export interface DecodedText {
  readonly text: string
  /** How many U+FFFD stand for bytes that were not UTF-8. */
  readonly replaced: number
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const replacementBytes = Buffer.from('\ufffd')

/** Decodes a whole piece of text (no character may be cut at its ends). */
export function decodeUtf8(bytes: Buffer): DecodedText {
  if (isUtf8(bytes)) return { text: bytes.toString('utf8'), replaced: 0 }
  const text = decoder.decode(bytes)
  return { text, replaced: countOf(text, '\ufffd') - countOf(bytes, replacementBytes) }
}

/** Lone surrogates (JSON can write them) have no UTF-8 form: they become U+FFFD too, and are counted. */
export function withoutLoneSurrogates(text: string): DecodedText {
  let replaced = 0
  const fixed = text.replace(/\p{Surrogate}/gu, () => {
    replaced++
    return '\ufffd'
  })
  return { text: replaced === 0 ? text : fixed, replaced }
}

function countOf<T extends string | Buffer>(whole: T, part: T): number {
  let count = 0
  for (let at = whole.indexOf(part as string); at >= 0; at = whole.indexOf(part as string, at + part.length)) count++
  return count
}

/** Unicode code points of well-formed text: UTF-16 units less one for each surrogate pair. */
export function countCodePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--
  return count
}
