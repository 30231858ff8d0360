import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byteCharacters } from '../../../src/tokenizer/byte-alphabet.js'
import { Tokenizer, trainTokenizer, type TokenizerParts } from '../../../src/tokenizer/index.js'
import { WORDS, randomPieces, randomText, seeded } from '../support.js'

const special = ['<|endoftext|>', '<|end', '<|pad de début|>', '🙂🙂']
const random = seeded(5)
const tokenizer = await trainTokenizer({
  texts: Array.from({ length: 400 }, () => randomText(random, 300)),
  vocabSize: 900,
  specialTokens: special,
})

/** BPE at its plainest: join the leftmost pair of lowest rank until there is none. */
function plainEncode({ parts: { vocabulary, merges } }: Tokenizer, text: string): number[] {
  const ids = new Map(vocabulary.map((token, id) => [token, id]))
  const ranks = new Map<string, number>()
  for (let at = 0; at < merges.length; at += 2) ranks.set(`${merges[at]} ${merges[at + 1]}`, at / 2)
  return (text.match(WORDS) ?? []).flatMap((word) => {
    const symbols = [...Buffer.from(word)].map((byte) => ids.get(byteCharacters[byte])!)
    for (;;) {
      const found = symbols.slice(1).map((right, at) => ranks.get(`${symbols[at]} ${right}`) ?? Infinity)
      const best = Math.min(...found)
      if (best === Infinity) return symbols
      const at = found.indexOf(best)
      symbols.splice(at, 2, ids.get(vocabulary[symbols[at]] + vocabulary[symbols[at + 1]])!)
    }
  })
}

async function joined(stream: AsyncIterable<Int32Array>): Promise<number[]> {
  const all: number[] = []
  for await (const ids of stream) all.push(...ids)
  return all
}

test('encode: as plain BPE, for words short and long', () => {
  for (let round = 0; round < 300; round++) {
    const text = randomText(random, 60) + (round % 10 === 0 ? 'ab'.repeat(round) : '')
    const ids = tokenizer.encode(text, { special: false })
    assert.deepEqual([...ids], plainEncode(tokenizer, text), JSON.stringify(text))
  }
})

test('encode: a word of megabytes takes no more than its share of time', () => {
  const text = 'abcaab'.repeat(200_000)
  assert.equal(tokenizer.decode(tokenizer.encode(text)), text)
})

test('encode: more words than the cache holds, again and again', () => {
  const fresh = () => new Tokenizer(tokenizer.parts)
  const texts = Array.from({ length: 16 }, (_, part) =>
    Array.from({ length: 10_000 }, (_, number) => (part * 10_000 + number).toString(36)).join(' '),
  )
  const used = fresh()
  const first = texts.map((text) => used.encode(text))
  texts.forEach((text, part) => {
    assert.deepEqual(used.encode(text), first[part])
    assert.deepEqual(fresh().encode(text), first[part])
  })
})

test('decode gives back any text', () => {
  for (let round = 0; round < 300; round++) {
    const odd = Array.from({ length: 30 }, () => String.fromCodePoint(randomCodePoint())).join('')
    const text = odd + randomText(random, 30)
    for (const special of [true, false])
      assert.equal(tokenizer.decode(tokenizer.encode(text, { special })), text, JSON.stringify(text))
  }
  assert.deepEqual(tokenizer.encode(''), new Int32Array(0))
  assert.equal(tokenizer.decode([]), '')
})

function randomCodePoint(): number {
  const code = Math.floor(random() * 0x110000)
  return code >= 0xd800 && code < 0xe000 ? 0xfffd : code
}

test('encode: lone surrogates become U+FFFD', () => {
  for (const text of ['a\ud83d', '\ude42a', '\ud83d<|endoftext|>\ude42'])
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text.replace(/[\ud83d\ude42]/g, '\ufffd'))
})

test('special tokens: recognised, the longest first, or taken as text', () => {
  const text = 'a<|endoftext|><|end|<|pad de début|> 🙂🙂🙂'
  const ids = tokenizer.encode(text)
  const [end, shorter, pad, smile] = [0, 1, 2, 3]
  assert.deepEqual(
    [...ids].filter((id) => id < 4),
    [end, shorter, pad, smile],
  )
  const one = (text: string) => [...tokenizer.encode(text)]
  assert.deepEqual([...ids], [...one('a'), end, shorter, ...one('|'), pad, ...one(' '), smile, ...one('🙂')])
  assert.equal(tokenizer.decode(ids), text)
  assert.equal(tokenizer.decode(ids, { special: false }), 'a| 🙂')

  const plain = tokenizer.encode(text, { special: false })
  assert.deepEqual(
    [...plain].filter((id) => id < 4),
    [],
  )
  assert.equal(tokenizer.decode(plain, { special: false }), text)
})

test('added tokens that are not special stay recognised, and stay in the text', () => {
  const { vocabulary, merges } = tokenizer.parts
  const addedTokens = [
    { id: vocabulary.length, content: '\t\t', special: false },
    { id: 0, content: special[0], special: true },
  ]
  const other = new Tokenizer({ vocabulary, merges, addedTokens })
  const text = `a\t\t${special[0]}`
  const ids = other.encode(text, { special: false })
  assert.equal(other.vocabSize, vocabulary.length + 1)
  assert.equal(ids[1], vocabulary.length)
  assert.equal(other.decode(ids, { special: false }), text)
  assert.equal(other.decode(other.encode(text), { special: false }), 'a\t\t')
})

test('encodeStream: the ids of the whole text, wherever it is cut', async () => {
  for (let round = 0; round < 200; round++) {
    const parts = Array.from({ length: 6 }, () => randomText(random, 8) + special[Math.floor(random() * 4)])
    const text = parts.join('') + (round % 3 === 0 ? '<|endof' : '')
    const pieces = randomPieces(random, text.split(''), 6)
    for (const options of [{ special: true }, { special: false }])
      assert.deepEqual(await joined(tokenizer.encodeStream(pieces, options)), [...tokenizer.encode(text, options)])
  }
})

test('encodeStream: two streams and a plain call at a time do not mix', async () => {
  const text = randomText(random, 400_000)
  const pieces = randomPieces(random, text.split(''), 20_000)
  const one: number[] = []
  const other = tokenizer.encodeStream(pieces)
  for await (const ids of tokenizer.encodeStream(pieces)) {
    one.push(...ids)
    tokenizer.encode('something else')
    await other.next()
  }
  assert.deepEqual(one, [...tokenizer.encode(text)])
})

test('decodeStream: holds back half characters, and gives what decode gives', () => {
  const text = 'naïve 中文 🙂 <|endoftext|>é\ufeff' + randomText(random, 300)
  const ids = tokenizer.encode(text)
  const stream = tokenizer.decodeStream()
  const pieces = [...ids].map((id) => stream.push(id))
  assert.ok(pieces.every((piece) => !piece.includes('\ufffd') || text.includes('\ufffd')))
  assert.equal(pieces.join('') + stream.finish(), text)

  const [lead, second] = [tokenizer.idOf('è')!, tokenizer.idOf('ª')!] // the first two of the three bytes of "語"
  assert.deepEqual([stream.push(lead), stream.push(second), stream.finish()], ['', '', '\ufffd'])
  assert.equal(stream.push(tokenizer.idOf('a')!), 'a')
  const withoutSpecial = tokenizer.decodeStream({ special: false })
  assert.equal([...tokenizer.encode('a<|endoftext|>b')].map((id) => withoutSpecial.push(id)).join(''), 'ab')
})

test('decode: bytes that are not UTF-8 become U+FFFD, one for each broken piece', () => {
  const ids = (...bytes: number[]) => bytes.map((byte) => tokenizer.idOf(byteCharacters[byte])!)
  assert.equal(tokenizer.decode(ids(0xe4, 0xb8, 0x61, 0xff, 0x80, 0xf0, 0x9f, 0x99)), '\ufffda\ufffd\ufffd\ufffd')
})

test('tokens by id and by name', () => {
  const id = tokenizer.encode(' ')[0]
  assert.equal(tokenizer.tokenOf(id), 'Ġ')
  assert.equal(tokenizer.idOf('Ġ'), id)
  assert.deepEqual(tokenizer.bytesOf(id), Uint8Array.of(0x20))
  assert.equal(tokenizer.idOf('no such token'), undefined)
  const text = 'naïve 中文<|endoftext|>'
  const bytes = tokenizer.encode(text).reduce((sum, id) => sum + tokenizer.bytesOf(id).length, 0)
  assert.equal(bytes, Buffer.byteLength(text))
})

test('ids that are no tokens are refused, with what there is', () => {
  const error = (what: string, id: string) => ({
    name: 'TokenizerError',
    message:
      `${what}: a token id must be an integer from 0 to 899 (got ${id}). ` +
      'Leave out padding, and decode with the tokenizer that encoded the text',
  })
  assert.throws(() => tokenizer.decode([5, 900]), error('decode', '900'))
  assert.throws(() => tokenizer.decode([-1]), error('decode', '-1'))
  assert.throws(() => tokenizer.decode([1.5]), error('decode', '1.5'))
  assert.throws(() => tokenizer.tokenOf(900), error('tokenOf', '900'))
  assert.throws(() => tokenizer.decodeStream().push(900), error('bytesOf', '900'))
})

test('parts that do not fit together are refused', async (t) => {
  const { vocabulary, merges, addedTokens } = tokenizer.parts
  const added = (id: number, content: string) => [{ id, content, special: true }]
  const cases: [string, Partial<TokenizerParts>, RegExp][] = [
    [
      'a hole',
      { addedTokens: added(902, 'x y') },
      /no token has id 900, but added token "x y" has id 902\. Give the added tokens the ids that follow/,
    ],
    [
      'two at one id',
      { addedTokens: added(5, 'x y') },
      /id 5 is both "\\"" and added token "x y"\. Give each token a different id/,
    ],
    ['two ids', { addedTokens: added(900, '!') }, /token "!" has the ids \d+ and 900\. Keep one of them/],
    [
      'missing bytes',
      { vocabulary: vocabulary.slice(0, 200), merges: new Int32Array(0) },
      /the vocabulary lacks 60 of the 256 bytes, the first ".+"\. Text with them could not be encoded\. Train it with/,
    ],
    [
      'a missing result',
      { vocabulary: vocabulary.slice(0, 890) },
      /merge \d+ \(".+ .+"\) makes ".+", which is not in the vocabulary\. Use the vocabulary and the merges of one/,
    ],
  ]
  for (const [name, change, message] of cases)
    await t.test(name, () =>
      assert.throws(() => new Tokenizer({ vocabulary, merges, addedTokens, ...change }, 'here'), {
        name: 'TokenizerError',
        message: new RegExp(`^here: .*${message.source}`),
      }),
    )
})

test('parts survive being sent to a worker', () => {
  const copy = new Tokenizer(structuredClone(tokenizer.parts))
  assert.deepEqual(copy.encode('Hello<|endoftext|>'), tokenizer.encode('Hello<|endoftext|>'))
})
