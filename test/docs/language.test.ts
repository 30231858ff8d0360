/** The words that users read: phrases that the project does not use, with the plain terms. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import { root } from './how-to.js'

/** What to write, the phrase, and how many are left: each number may only fall. Some that are left are right in their place. */
const PHRASES: readonly (readonly [string, RegExp, number])[] = [
  ['must be an integer >= N (got VALUE)', /whole number( of [a-z]+)? from|; it is (a|one|from)\b/gi, 0],
  [
    'is not a X; not set',
    /\bis no (true|whole|number|folder|file|regular|run\b|checkpoint|tokenizer|object|list)|that (is|are) none\b/gi,
    0,
  ],
  ['resume, continue', /\b(goes|go|going|went) on\b/gi, 0],
  ['reports, hints, progress', /\b(is|are|was) told\b|\bsays of\b|\bnews\b|\bremarks?\b/gi, 2],
  ['N, most likely, override', /\bso many\b|\blikeliest\b|\bin place of\b/gi, 1],
  [
    'one X per Y',
    /\b(an idea|a command|a line|a file|a test|a request) a (file|command|key|case|page|room|thing)\b/gi,
    0,
  ],
  ['say who; wasted; on its own', /\bnobody\b|\bsomebody\b|\bin vain\b|\bby itself\b/gi, 0],
]

/** User-facing texts by path: documents, the words of lessons, and comments and strings of the library and the kernel. */
function texts(): Map<string, string> {
  const found = new Map<string, string>()
  const add = (path: string, part = (text: string) => text) =>
    found.set(path, part(readFileSync(join(root, path), 'utf8')))
  const below = (folder: string, ending: string) =>
    (readdirSync(join(root, folder), { recursive: true }) as string[])
      .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
      .map((name) => `${folder}/${name.split(sep).join('/')}`)
  for (const path of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'Makefile', ...below('docs', '.md')]) add(path)
  for (const path of below('notebooks', '.ipynb')) add(path, lessonText)
  for (const path of [...below('src', '.ts'), ...below('kernels', '.ts')]) add(path, wordsOfCode)
  return found
}

const lessonText = (text: string) =>
  (JSON.parse(text) as { cells: { source: string | string[] }[] }).cells
    .map(({ source }) => (typeof source === 'string' ? source : source.join('')))
    .join('\n')

/** Comments and string literals; a phrase in a name is no phrase. */
const wordsOfCode = (text: string) =>
  [
    ...text
      .replace(/\b(from |import\()'[^']*'/g, '')
      .matchAll(/\/\*[^]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g),
  ]
    .map(([found]) => found.replace(/\n\s*\* ?/g, ' '))
    .join('\n')

test('texts use the terms of the field', () => {
  const all = [...texts()]
  const faults: string[] = []
  for (const [plain, phrase, ceiling] of PHRASES) {
    const found = all.flatMap(([path, text]) =>
      [...text.matchAll(phrase)].map(
        ({ 0: words, index }) =>
          `  ${path}: ...${text.slice(index - 30, index + words.length + 20).replace(/\s+/g, ' ')}...`,
      ),
    )
    if (found.length > ceiling)
      faults.push(`write "${plain}": ${found.length} phrases (at most ${ceiling})\n${found.join('\n')}`)
  }
  assert.equal(faults.length, 0, faults.join('\n'))
})
