import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classOf } from '../../../src/tokenizer/encode/character-classes.js'
import { WordWindow } from '../../../src/tokenizer/encode/word-window.js'
import { eachWord, type WordSink } from '../../../src/tokenizer/encode/words.js'
import { WORDS, fixture, randomPieces, randomText, seeded, sha256 } from '../support.js'

class Words implements WordSink {
  readonly list: string[] = []

  word(bytes: Uint8Array, start: number, end: number) {
    this.list.push(Buffer.from(bytes.subarray(start, end)).toString())
  }
}

function wordsOf(text: string): string[] {
  const words = new Words()
  const bytes = new TextEncoder().encode(text)
  eachWord(bytes, 0, bytes.length, words)
  return words.list
}

test('words: the class of every code point is that of Hugging Face tokenizers', () => {
  const classes = Buffer.alloc(0x110000)
  for (let code = 0; code < classes.length; code++) classes[code] = 'OLNS'.charCodeAt(classOf(code))
  assert.equal(sha256(classes), fixture<{ sha256: string }>('character-classes.json').sha256)
})

test('words: white space and apostrophes, case by case', () => {
  const cases: [string, string[]][] = [
    ['', []],
    ['Hello, world!', ['Hello', ',', ' world', '!']],
    ["we're I'LL '' 'tis", ['we', "'re", ' I', "'", 'LL', " ''", " '", 'tis']],
    ['a  b', ['a', ' ', ' b']],
    ['a \n b', ['a', ' \n', ' b']],
    ['a\n\nb', ['a', '\n', '\n', 'b']],
    ['a   ', ['a', '   ']],
    ['x\u0085y\ufeffz', ['x', '\u0085', 'y', '\ufeff', 'z']],
    ['12½ 3٣', ['12½', ' 3٣']],
    ['é🙂é', ['é', '🙂', 'é']],
  ]
  for (const [text, words] of cases) assert.deepEqual(wordsOf(text), words)
})

test('words: as the pattern cuts, on random texts', () => {
  const random = seeded(1)
  for (let round = 0; round < 3000; round++) {
    const text = randomText(random, 1 + Math.floor(random() * 60))
    assert.deepEqual(wordsOf(text), text.match(WORDS), JSON.stringify(text))
  }
})

test('words: the same wherever the text is cut into pieces', () => {
  const random = seeded(2)
  for (let round = 0; round < 4; round++) {
    const long = 'x'.repeat(round * 60_000) + ' '.repeat(round * 20_000)
    const text = randomText(random, 40_000) + long + randomText(random, 40_000)
    const whole = wordsOf(text)
    for (const longest of [50_000, 3000]) {
      const pieces = randomPieces(random, [...text], longest)
      assert.deepEqual(
        windowWords((window) => pieces.forEach((piece) => window.writeText(piece))),
        whole,
      )
      assert.deepEqual(
        windowWords((window) => pieces.forEach((piece) => window.writeBytes(Buffer.from(piece)))),
        whole,
      )
    }
  }
})

function windowWords(write: (window: WordWindow) => void): string[] {
  const words = new Words()
  const window = new WordWindow(words)
  write(window)
  window.finish()
  assert.ok(window.isEmpty)
  return words.list
}
