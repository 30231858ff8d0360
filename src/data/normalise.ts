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
const wikitextSteps: readonly [RegExp, string][] = [
  [/s '/g, "s'"],
  [/ @-@ /g, '-'],
  [/ @,@ /g, ','],
  [/ @\.@ /g, '.'],
  [/ : /g, ': '],
  [/ ; /g, '; '],
  [/ \. /g, '. '],
  [/ ! /g, '! '],
  [/ \? /g, '? '],
  [/ , /g, ', '],
  [/\(\s*([^)]*?)\s*\)/g, '($1)'],
  [/\[\s*([^\]]*?)\s*\]/g, '[$1]'],
  [/\{\s*([^}]*?)\s*\}/g, '{$1}'],
  [/"\s*([^"]*?)\s*"/g, '"$1"'],
  [/'\s*([^']*?)\s*'/g, "'$1'"],
  [/= = = =/g, '===='],
  [/= = =/g, '==='],
  [/= =/g, '=='],
  [/ ° /g, '°'],
  [/ \n/g, '\n'],
  [/\n /g, '\n'],
  [/ N /g, ' 1 '],
  [/ 's/g, "'s"],
]

function detokenizeWikitext(text: string): string {
  return wikitextSteps.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), text)
}
