/**
 * Clean-ups of raw text. All are off unless asked for. GPT-Neo's script has two switches, ftfy and the WikiText
 * detokeniser, both on unless named; here `quotes`, `entities`, `newlines` and `nfkc` together do what ftfy did to
 * ordinary text (it also repairs mis-decoded text, which is not done here).
 */

export interface Normalise {
  /** CR LF, and CR alone, become LF. */
  newlines?: boolean
  /** Unicode compatibility form: ligatures, full-width letters, fractions become plain ones. */
  nfkc?: boolean
  /** Curly quotes become straight ones. */
  quotes?: boolean
  /** &amp; &lt; &gt; &quot; &#39; and other numeric references become characters, in text without a "<". */
  entities?: boolean
  /** Undo the spacing of WikiText: " @-@ " and spaces round punctuation and brackets. */
  wikitext?: boolean
}

/** A function that applies what is switched on, in the order of GPT-Neo's script: ftfy's steps, then WikiText. */
export function normaliser(options: Normalise): (text: string) => string {
  const steps: ((text: string) => string)[] = []
  if (options.entities) steps.push(decodeEntities)
  if (options.quotes) steps.push((text) => text.replace(/[\u2018-\u201b]/g, "'").replace(/[\u201c-\u201f]/g, '"'))
  if (options.newlines) steps.push((text) => text.replace(/\r\n?/g, '\n'))
  if (options.nfkc) steps.push((text) => text.normalize('NFKC'))
  if (options.wikitext) steps.push(detokenizeWikitext)
  return (text) => steps.reduce((current, step) => step(current), text)
}

const namedEntities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

function decodeEntities(text: string): string {
  if (text.includes('<')) return text
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(\w+));/g,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return Object.hasOwn(namedEntities, name) ? namedEntities[name] : whole
      const point = decimal !== undefined ? Number(decimal) : parseInt(hex!, 16)
      const isCharacter = point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
      return isCharacter ? String.fromCodePoint(point) : whole
    },
  )
}

/** Order matters: each step sees what the ones before it made. Source: gpt-neo data/create_tfrecords.py. */
const wikitextSteps: readonly ((text: string) => string)[] = [
  replace(/s '/g, "s'"),
  replace(/ @-@ /g, '-'),
  replace(/ @,@ /g, ','),
  replace(/ @\.@ /g, '.'),
  replace(/ : /g, ': '),
  replace(/ ; /g, '; '),
  replace(/ \. /g, '. '),
  replace(/ ! /g, '! '),
  replace(/ \? /g, '? '),
  replace(/ , /g, ', '),
  trimInside('(', ')'),
  trimInside('[', ']'),
  trimInside('{', '}'),
  trimInside('"', '"'),
  trimInside("'", "'"),
  replace(/= = = =/g, '===='),
  replace(/= = =/g, '==='),
  replace(/= =/g, '=='),
  replace(/ ° /g, '°'),
  replace(/ \n/g, '\n'),
  replace(/\n /g, '\n'),
  replace(/ N /g, ' 1 '),
  replace(/ 's/g, "'s"),
]

function replace(pattern: RegExp, replacement: string): (text: string) => string {
  return (text) => text.replace(pattern, replacement)
}

/**
 * Removes white space inside a pair: the script's `\(\s*([^)]*?)\s*\)` -> `($1)`. A search rather than that pattern,
 * which takes quadratic time on text with many unclosed brackets.
 */
function trimInside(open: string, close: string): (text: string) => string {
  return (text) => {
    const parts: string[] = []
    let from = 0
    for (;;) {
      const start = text.indexOf(open, from)
      const end = start < 0 ? -1 : text.indexOf(close, start + 1)
      if (end < 0) break
      parts.push(text.slice(from, start + 1), text.slice(start + 1, end).trim(), close)
      from = end + 1
    }
    return parts.join('') + text.slice(from)
  }
}

function detokenizeWikitext(text: string): string {
  return wikitextSteps.reduce((current, step) => step(current), text)
}
