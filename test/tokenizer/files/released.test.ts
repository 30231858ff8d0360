import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  isTokenizer,
  loadTokenizer,
  nameOfTokenizer,
  saveTokenizer,
  tokenizerJson,
} from '../../../src/tokenizer/index.js'
import { fixture, outcome, seeded, sha256, temporaryFolder } from '../support.js'

const folder = temporaryFolder()

test('gpt2: vocabulary and merges are those that OpenAI released', async () => {
  // Of encoder.json (sha256 196139668be6...) and vocab.bpe (1ce1664773c5...), as tiktoken names them for "gpt2".
  assert.deepEqual(outcome(await loadTokenizer('gpt2')), {
    vocabSize: 50257,
    vocabularySha256: 'e35a33a0b2250c932ffdafc4c3a3552aef0cc7af7a11e9ebfddf1d2a6517371f',
    mergeCount: 50000,
    mergesSha256: '04e3597d7996f292ca9b8b7285ca4d58a6ae171ac47d73fc7140ceb0c7a6bbc0',
    firstMerges: 'Ġ t,Ġ a,h e,i n,r e,o n,Ġt he,e r,Ġ s,a t,Ġ w,Ġ o'.split(','),
    lastMerges: 'Ġdes olate,ĠHit man,Comm ission,Ġ( /,âĢ¦ .",Com par,Ġampl ification,om inated,Ġreg ress,ĠColl ider'
      .split(',')
      .concat(['Ġinform ants', 'Ġg azed']),
  })
})

/** What test/reference/make_gpt2_fixtures.py recorded. */
interface Recorded {
  words: string[]
  characters: string[]
  texts: number
  textsSha256: string
  tokens: number
  samples: { text: string; ids: number[] }[]
  /** The first 8 digits of the sha256 of each text's ids, as int32, one after another. */
  idsSha256: string
}

/** Words, characters that are easily got wrong, any code points, or runs of one of them: as text_of in the script. */
function textOf(number: number, { words, characters }: Recorded): string {
  const draw = seeded(number)
  const below = (count: number) => Math.floor(draw() * count)
  const one = (of: readonly string[]) => of[below(of.length)]
  const several = (count: number, make: () => string) => Array.from({ length: count }, make)
  const [kind, length] = [below(4), 1 + below(60)]
  if (kind === 0) return several(length, () => one(words)).join(' ')
  if (kind === 1) return several(length, () => one(characters)).join('')
  if (kind === 2) return several(length, () => character(below([0x80, 0x800, 0x10000, 0x110000][below(4)]))).join('')
  return several(1 + Math.floor(length / 6), () => one(characters).repeat(1 + below(40))).join('')
}

/** Surrogates are no characters of their own. */
const character = (code: number) => (code >= 0xd800 && code < 0xe000 ? '\ufffd' : String.fromCodePoint(code))

test('gpt2: the ids of 5,000 odd texts are those of Hugging Face', async () => {
  const recorded = fixture<Recorded>('gpt2.json')
  const texts = Array.from({ length: recorded.texts }, (_, number) => textOf(number, recorded))
  assert.equal(texts.length, 5000)
  assert.equal(sha256(texts.join('\0')), recorded.textsSha256)
  const tokenizer = await loadTokenizer('gpt2')
  for (const { text, ids } of recorded.samples) assert.deepEqual([...tokenizer.encode(text)], ids)
  let tokens = 0
  texts.forEach((text, at) => {
    const ids = tokenizer.encode(text)
    tokens += ids.length
    const hash = sha256(new Uint8Array(ids.buffer)).slice(0, 8)
    assert.equal(hash, recorded.idsSha256.slice(8 * at, 8 * at + 8), `text ${at}: ${JSON.stringify(text)}`)
    assert.equal(tokenizer.decode(ids), text)
  })
  assert.equal(tokens, recorded.tokens)
})

test('gpt2: the same ids by every name, saved or not', async () => {
  const text = "Hello world, it's 12345 \n\n naïve 🙂<|endoftext|> end"
  const ids = [...(await loadTokenizer('gpt2')).encode(text)]
  assert.deepEqual(ids.slice(0, 4), [15496, 995, 11, 340])
  assert.ok(ids.includes(50256))
  for (const name of ['GPT2', 'openai-community/gpt2', 'EleutherAI/gpt-neo-125M', 'r50k_base'])
    assert.deepEqual([...(await loadTokenizer(name)).encode(text)], ids, name)
  const path = join(folder, 'gpt2.json')
  await saveTokenizer(await loadTokenizer('gpt2'), path)
  const saved = await loadTokenizer(path)
  assert.deepEqual([...saved.encode(text)], ids)
  assert.equal(saved.decode(ids), text)
  assert.equal(sha256(await tokenizerJson('gpt2')), sha256(readFileSync(path)))
})

test('p50k_base: runs of spaces have tokens after <|endoftext|>', async () => {
  const tokenizer = await loadTokenizer('p50k_base')
  assert.equal(tokenizer.vocabSize, 50281)
  // tiktoken 0.14: get_encoding("p50k_base").encode("def f():\n        return 1<|endoftext|>", allowed_special="all")
  assert.deepEqual(
    [...tokenizer.encode('def f():\n        return 1<|endoftext|>')],
    [4299, 277, 33529, 198, 50262, 1441, 352, 50256],
  )
})

test('a file or folder goes before a name; other names are refused with those that there are', async () => {
  assert.equal(await nameOfTokenizer('gpt2'), 'gpt2')
  assert.equal(await nameOfTokenizer('EleutherAI/gpt-neo-2.7B'), 'gpt2')
  assert.equal(await nameOfTokenizer('gpt2.json'), undefined)
  const here = process.cwd()
  process.chdir(folder)
  try {
    mkdirSync('gpt2')
    assert.equal(await nameOfTokenizer('gpt2'), undefined)
    assert.equal(await isTokenizer('gpt2'), false)
    await assert.rejects(loadTokenizer('gpt2'), /^TokenizerError: gpt2: no tokenizer in this folder\. It must contain/)
  } finally {
    process.chdir(here)
  }
  await assert.rejects(loadTokenizer('gpt3'), {
    name: 'TokenizerError',
    message: /^gpt3: no such file or folder\. Give a tokenizer\.json, .* or a name: gpt2, p50k_base$/,
  })
})
