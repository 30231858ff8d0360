/** In which encoding a text is, by its first bytes: a byte order mark, or NUL bytes where UTF-16 and UTF-32 have them. */
import { isUtf8 } from '../runtime/index.js'

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'utf-32le' | 'utf-32be'

/** Bytes that are looked at. */
export const headBytes = 1 << 16

const marks: readonly (readonly [Encoding, readonly number[]])[] = [
  ['utf-32le', [0xff, 0xfe, 0, 0]], // before that of UTF-16, which it begins with
  ['utf-32be', [0, 0, 0xfe, 0xff]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
  ['utf-8', [0xef, 0xbb, 0xbf]],
]

/** Formats that are no text: how their files begin, what they are, what to do. */
const formats: readonly (readonly [string, string, string])[] = [
  ['\x1f\x8b', 'a gzip archive', 'Name it with .gz'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive', 'Name it with .zst'],
  ['\xfd7zXZ\0', 'an xz archive', 'Unpack it with `xz -d`'],
  ['BZh', 'a bzip2 archive', 'Unpack it with `bunzip2`'],
  ['PK\x03\x04', 'a zip archive', 'Unpack it with `unzip`'],
  ['7z\xbc\xaf', 'a 7z archive', 'Unpack it with `7z x`'],
  ['%PDF-', 'a PDF', 'Convert it with `pdftotext`'],
  ['PAR1', 'a Parquet file', 'Make .jsonl of it'],
  ['version https://git-lfs.github.com/spec/', 'a Git LFS pointer', 'Fetch the file with `git lfs pull`'],
]

/** What a file is that is no text, and the next step. */
export interface NotText {
  readonly got: string
  readonly remedy: string
}

/**
 * The encoding of a text that begins with these bytes, and the length of its mark; or why it is no text. Bytes that are
 * not UTF-8 count as UTF-8 here: decoding finds them.
 */
export function detectEncoding(head: Buffer): { encoding: Encoding; mark: number } | NotText {
  for (const [encoding, mark] of marks)
    if (head.length >= mark.length && mark.every((byte, i) => head[i] === byte)) return { encoding, mark: mark.length }
  for (const [start, got, remedy] of formats)
    if (head.subarray(0, start.length).equals(Buffer.from(start, 'latin1'))) return { got, remedy }

  const [even, odd] = countNuls(head)
  const share = (even + odd) / Math.max(head.length, 1)
  // Characters of UTF-8 may have a NUL here and there, or between them; in UTF-16 every other byte of ASCII is one.
  const utf8 = isNearlyUtf8(head)
  const controls = countControls(head)
  const ascii = utf8 && controls === 0
  if (share >= (ascii ? 0.4 : 0.002)) {
    const wide = even > odd ? (['utf-16be', 'utf-16le'] as const) : (['utf-16le', 'utf-16be'] as const)
    for (const encoding of ['utf-32le', 'utf-32be', ...wide] as const)
      if (isSane(decode(head, encoding))) return { encoding, mark: 0 }
  }
  // Text of other encodings (Latin-1) has hardly any control characters, other data as many as other bytes.
  if (!utf8 && controls + even + odd > head.length * 0.02)
    return { got: 'binary data', remedy: 'Convert it to UTF-8 text, or leave it out' }
  if (share < 0.05) return { encoding: 'utf-8', mark: 0 }
  return {
    got: `${Math.round(share * 100)}% NUL bytes`,
    remedy: 'If it is text, convert it to UTF-8, for example with `iconv -f UTF-16 -t UTF-8`',
  }
}

/** Whether bytes of a file of unknown kind look like text: readable characters, hardly any others. */
export function looksLikeText(head: Buffer): boolean {
  const detected = detectEncoding(head)
  if ('got' in detected) return false
  if (detected.encoding !== 'utf-8') return true
  const controls = countControls(head)
  return !head.includes(0) && (controls === 0 || (controls <= head.length * 0.005 && isNearlyUtf8(head)))
}

/** Bytes below 32 that are neither NUL, white space, backspace nor escape. */
function countControls(bytes: Buffer): number {
  let count = 0
  for (const byte of bytes) if (byte < 32 && byte !== 0 && !(byte >= 8 && byte <= 13) && byte !== 27) count++
  return count
}

/** At even and at odd offsets. */
function countNuls(bytes: Buffer): [number, number] {
  const counts: [number, number] = [0, 0]
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) counts[at & 1]++
  return counts
}

/** Valid but for a character that is cut off at the end. */
function isNearlyUtf8(bytes: Buffer): boolean {
  for (let cut = 0; cut <= 3 && cut <= bytes.length; cut++)
    if (isUtf8(bytes.subarray(0, bytes.length - cut))) return true
  return false
}

/** Bytes as text; undefined where they are not of that encoding. A unit that is cut off at the end is left out. */
function decode(bytes: Buffer, encoding: Encoding): string | undefined {
  if (encoding.startsWith('utf-16')) {
    const even = bytes.subarray(0, bytes.length & ~1)
    return (encoding === 'utf-16le' ? even : Buffer.from(even).swap16())
      .toString('utf16le')
      .replace(/[\ud800-\udbff]$/, '')
  }
  const points: string[] = []
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = encoding === 'utf-32le' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
    if (point > 0x10ffff) return undefined
    points.push(String.fromCodePoint(point))
  }
  return points.join('')
}

/** Text as people write it: no controls, halves of pairs, private or unassigned characters. */
function isSane(text: string | undefined): boolean {
  return text !== undefined && text !== '' && !/[^\P{C}\t\n\v\f\r\p{Cf}]/u.test(text)
}
