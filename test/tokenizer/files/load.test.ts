import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadTokenizer, saveTokenizer, tokenizerJson, trainTokenizer } from '../../../src/tokenizer/index.js'
import { fixturePath, outcome, randomText, seeded, temporaryFolder } from '../support.js'

const folder = temporaryFolder()
const golden = JSON.parse(readFileSync(fixturePath('golden/tokenizer.json'), 'utf8'))

function written(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** A copy of the golden tokenizer.json, changed. */
function changed(change: (file: typeof golden) => void): string {
  const copy = structuredClone(golden)
  change(copy)
  return written('tokenizer.json', copy)
}

function folderWith(name: string, files: Record<string, string>): string {
  mkdirSync(join(folder, name))
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content)
  return join(folder, name)
}

test('load: a tokenizer.json with merges as "a b", as Hugging Face wrote it', async () => {
  const tokenizer = await loadTokenizer(fixturePath('golden/tokenizer.json'))
  assert.equal(tokenizer.vocabSize, 400)
  assert.deepEqual(tokenizer.addedTokens, [{ id: 0, content: '<|endoftext|>', special: true }])
  assert.deepEqual([...tokenizer.encode('The quick brown fox<|endoftext|>')], [52, 303, 333, 334, 331, 0])
})

test('load: merges as pairs, a Sequence of one step, and parts that do not matter left out', async () => {
  const path = changed((file) => {
    file.model.type = 'BPE'
    file.model.merges = file.model.merges.map((merge: string) => merge.split(' '))
    file.pre_tokenizer = { type: 'Sequence', pretokenizers: [file.pre_tokenizer] }
    file.post_processor = null
    for (const part of ['version', 'truncation', 'padding', 'normalizer']) delete file[part]
  })
  assert.deepEqual(outcome(await loadTokenizer(path)), outcome(await loadTokenizer(fixturePath('golden'))))
})

test('load: vocab.json and merges.txt; the token that no merge makes is special', async () => {
  const read = (name: string) => readFileSync(fixturePath(`golden/${name}`), 'utf8')
  const pair = folderWith('pair', { 'vocab.json': read('vocab.json'), 'merges.txt': read('merges.txt') })
  const tokenizer = await loadTokenizer(pair)
  const whole = await loadTokenizer(fixturePath('golden'))
  assert.deepEqual(outcome(tokenizer), outcome(whole))
  assert.deepEqual(tokenizer.addedTokens, whole.addedTokens)
})

test('save, then load: the same tokenizer, and nothing else in the folder', async () => {
  const random = seeded(6)
  const texts = Array.from({ length: 50 }, () => randomText(random, 200))
  const specialTokens = ['<|endoftext|>', '<| "quoted"\n|>', '123']
  const tokenizer = await trainTokenizer({ texts, vocabSize: 500, specialTokens })
  const home = folderWith('saved', { 'tokenizer.json': 'something older' })
  await saveTokenizer(tokenizer, join(home, 'tokenizer.json'))
  assert.deepEqual(readdirSync(home), ['tokenizer.json'])
  const loaded = await loadTokenizer(home)
  assert.deepEqual(loaded.parts, tokenizer.parts)
  for (const text of [...texts, specialTokens.join('123')])
    assert.deepEqual(loaded.encode(text), tokenizer.encode(text))
})

test('save: the exact file', async () => {
  const tokenizer = await loadTokenizer(fixturePath('golden'))
  const path = join(folder, 'written.json')
  await saveTokenizer(tokenizer, path)
  const text = readFileSync(path, 'utf8')
  const file = JSON.parse(text)
  assert.deepEqual(file.model.vocab, golden.model.vocab)
  assert.deepEqual(file.model.merges, golden.model.merges)
  assert.deepEqual(file.added_tokens, golden.added_tokens)
  assert.match(text, /"vocab": \{\n {6}"<\|endoftext\|>": 0,\n {6}"!": 1,\n/)
  assert.match(text, /"merges": \[\n {6}"Ġ t",\n/)
})

test('save: a folder that is missing', async () => {
  const tokenizer = await loadTokenizer(fixturePath('golden'))
  await assert.rejects(saveTokenizer(tokenizer, join(folder, 'absent/tokenizer.json')), {
    name: 'FileError',
    message: /^cannot write .*absent\/tokenizer\.json: the folder .*absent does not exist\. Check the path/,
  })
})

test('load: what does nothing to the ids of a text is taken', async () => {
  const text = "The quick brown fox's  12 \n\n jumps"
  const expected = [...(await loadTokenizer(fixturePath('golden'))).encode(text)]
  const pattern = { Regex: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+" }
  const sequence = (list: string, ...steps: unknown[]) => ({ type: 'Sequence', [list]: steps })
  const only = {
    type: 'TemplateProcessing',
    single: [{ Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: {},
  }
  const bytes = { ...golden.pre_tokenizer, use_regex: false }
  const changes: ((file: typeof golden) => void)[] = [
    (file) => (file.normalizer = sequence('normalizers')),
    (file) => (file.normalizer = { type: 'Strip', strip_left: false, strip_right: false }),
    (file) => (file.normalizer = { type: 'Prepend', prepend: '' }),
    (file) => (file.post_processor = only),
    (file) => (file.post_processor = sequence('processors', { type: 'ByteLevel', trim_offsets: false }, only)),
    (file) => (file.decoder = sequence('decoders', { type: 'ByteLevel' }, { type: 'Fuse' })),
    (file) => (file.decoder = null),
    (file) => (file.added_tokens[0].normalized = true),
    (file) =>
      (file.pre_tokenizer = sequence(
        'pretokenizers',
        { type: 'Split', pattern, behavior: 'Isolated', invert: false },
        bytes,
      )),
    (file) =>
      (file.pre_tokenizer = sequence(
        'pretokenizers',
        { type: 'Split', pattern, behavior: 'Removed', invert: true },
        bytes,
      )),
  ]
  for (const change of changes) {
    const tokenizer = await loadTokenizer(changed(change))
    assert.deepEqual([...tokenizer.encode(text)], expected, String(change))
    assert.deepEqual(tokenizer.notes, [])
  }
})

test('load: truncation, padding and tokens around a text are not applied, which a note says', async () => {
  const path = changed((file) => {
    file.truncation = { max_length: 2, strategy: 'LongestFirst', stride: 0, direction: 'Right' }
    file.padding = { strategy: { Fixed: 64 }, pad_id: 0, pad_token: '<|endoftext|>' }
    const [bos, text] = [{ SpecialToken: { id: '<|endoftext|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }]
    file.post_processor = { type: 'TemplateProcessing', single: [bos, text], pair: [], special_tokens: {} }
  })
  const tokenizer = await loadTokenizer(path)
  assert.deepEqual([...tokenizer.encode('The quick brown fox')], [52, 303, 333, 334, 331])
  assert.deepEqual(tokenizer.notes, [
    `${path}: truncation and padding of the file not applied: all ids of a text are kept`,
    `${path}: post_processor not applied: its <|endoftext|> is not put around a text, as with add_special_tokens=False`,
  ])
  const copy = JSON.parse(String(await tokenizerJson(path)))
  assert.deepEqual([copy.truncation, copy.padding, copy.post_processor], [null, null, null])
})

test('load: files from the field', async () => {
  const ids = async (name: string, text: string) => [
    ...(await loadTokenizer(join(fixturePath('../cases'), name))).encode(text),
  ]
  assert.deepEqual(await ids('tok-added-words/tokenizer.json', 'hello<|user|>the'), [259, 269, 116, 256])
  assert.deepEqual(await ids('tok-pair-added-tokens', 'hello[PAD]'), [259, 268])
  const text = 'hello world the hello world the hello world the'
  assert.equal((await ids('tok-used-with-truncation/tokenizer.json', text)).length, 11)
  const saved = JSON.parse(String(await tokenizerJson(join(fixturePath('../cases'), 'tok-pair-added-tokens'))))
  assert.ok(
    saved.added_tokens.some(({ content, id }: { content: string; id: number }) => content === '[PAD]' && id === 268),
  )
})

test('load: encoder.json and vocab.bpe, as OpenAI named the pair', async () => {
  const read = (name: string) => readFileSync(fixturePath(`golden/${name}`), 'utf8')
  const pair = folderWith('openai', { 'encoder.json': read('vocab.json'), 'vocab.bpe': read('merges.txt') })
  assert.deepEqual((await loadTokenizer(pair)).parts, (await loadTokenizer(fixturePath('golden'))).parts)
})

test('load: what is wrong with a tokenizer.json, and what is supported', async (t) => {
  const cases: [string, string | ((file: typeof golden) => void), RegExp][] = [
    ['empty', '', /: the file is empty\. Copy or write it again$/],
    [
      'cut short',
      JSON.stringify(golden).slice(0, 3000),
      /: not JSON \(.*\)\. The file may be cut short: copy or write it again$/,
    ],
    ['no object', '[]', /: not a JSON object\. Give a tokenizer\.json or a vocab\.json/],
    [
      'a vocab.json',
      '{"a": 0}',
      /: no "model", so this is not a tokenizer\.json\. Give a tokenizer\.json, or a folder that holds one/,
    ],
    [
      'WordPiece',
      (file) => (file.model.type = 'WordPiece'),
      /: model\.type must be "BPE" \(got "WordPiece"\)\. Other values are not supported$/,
    ],
    [
      'Unigram',
      (file) => (file.model = { type: 'Unigram', vocab: [['a', 0]] }),
      /: model\.type must be "BPE" \(got "Unigram"\)/,
    ],
    ['dropout', (file) => (file.model.dropout = 0.1), /: model\.dropout must be null, 0 or absent \(got 0\.1\)/],
    [
      'a suffix',
      (file) => (file.model.end_of_word_suffix = '</w>'),
      /: model\.end_of_word_suffix must be null, "" or absent \(got "<\/w>"\)/,
    ],
    [
      'ignore_merges',
      (file) => (file.model.ignore_merges = true),
      /: model\.ignore_merges must be false or absent \(got true\)/,
    ],
    [
      'a normalizer',
      (file) => (file.normalizer = { type: 'NFKC' }),
      /: normalizer must be null or absent \(got "NFKC"\)/,
    ],
    [
      'another cut',
      (file) => (file.pre_tokenizer.type = 'Whitespace'),
      /: pre_tokenizer must be "ByteLevel" \(got "Whitespace"\)/,
    ],
    ['no cut', (file) => (file.pre_tokenizer = null), /: pre_tokenizer must be "ByteLevel" \(got missing\)/],
    [
      'a prefix',
      (file) => (file.pre_tokenizer.add_prefix_space = true),
      /: pre_tokenizer\.add_prefix_space must be false \(got true\)/,
    ],
    [
      'no pattern',
      (file) => (file.pre_tokenizer.use_regex = false),
      /: pre_tokenizer\.use_regex must be true or absent \(got false\)/,
    ],
    [
      'no content',
      (file) => delete file.added_tokens[0].content,
      /: added_tokens\[0\] is \{"id":0.*\. It needs an integer "id" and a "content"$/,
    ],
    [
      'null token',
      (file) => (file.added_tokens[0] = null),
      /: added_tokens\[0\] is null\. It needs an integer "id" and a "content"$/,
    ],
    [
      'an odd flag',
      (file) => (file.added_tokens[0].lstrip = 1),
      /: added_tokens\[0\]\.lstrip must be null, false, true or absent \(got 1\)/,
    ],
    [
      'two cuts',
      (file) => (file.pre_tokenizer = { type: 'Sequence', pretokenizers: [file.pre_tokenizer, { type: 'Digits' }] }),
      /: pre_tokenizer must be "ByteLevel" \(got "Digits"\)/,
    ],
    [
      'another pattern',
      (file) => {
        const split = { type: 'Split', pattern: { Regex: '\\d+' }, behavior: 'Isolated', invert: false }
        file.pre_tokenizer = { type: 'Sequence', pretokenizers: [split, file.pre_tokenizer] }
      },
      /: pre_tokenizer must be "ByteLevel" \(got "Split"\)/,
    ],
    [
      'another post-processor',
      (file) => (file.post_processor = { type: 'Odd' }),
      /: post_processor must be .* \(got "Odd"\)/,
    ],
    ['another decoder', (file) => (file.decoder = { type: 'WordPiece' }), /: decoder must be .* \(got "WordPiece"\)/],
    ['no vocabulary', (file) => delete file.model.vocab, /: no vocabulary \{token: id\}\. The file is damaged/],
    [
      'a hole',
      (file) => delete file.model.vocab['!'],
      /: token "ĠÂ½" has id 399\. The 399 tokens need the ids 0 to 398, without holes$/,
    ],
    [
      'one id twice',
      (file) => (file.model.vocab['!'] = 2),
      /: tokens "!" and "\\\"" have the same id 2\. Give each token a different id$/,
    ],
    ['no merges', (file) => (file.model.merges = {}), /: no list model\.merges\. The file is damaged/],
    [
      'an odd merge',
      (file) => (file.model.merges[3] = 'a b c'),
      /: model\.merges\[3\] is "a b c"\. A merge is "a b" or \["a", "b"\]$/,
    ],
    [
      'an unknown half',
      (file) => (file.model.merges[3] = 'a zz'),
      /: merge 3 \("a zz"\): "zz" is not in the vocabulary\. Use the vocabulary and/,
    ],
    [
      'unknown result',
      (file) => file.model.merges.push('z z'),
      /: merge \d+ \("z z"\) makes "zz", which is not in the vocabulary\. Use/,
    ],
  ]
  for (const [name, content, message] of cases)
    await t.test(name, async () => {
      const path = typeof content === 'string' ? written('tokenizer.json', content) : changed(content)
      await assert.rejects(loadTokenizer(path), (error: Error) => {
        assert.equal(error.name, 'TokenizerError')
        assert.ok(error.message.startsWith(path) && !error.message.includes('\n'), error.message)
        assert.match(error.message, message)
        return true
      })
    })
})

test('load: what is wrong with a path, or with vocab.json and merges.txt', async (t) => {
  const vocab = readFileSync(fixturePath('golden/vocab.json'), 'utf8')
  const merges = readFileSync(fixturePath('golden/merges.txt'), 'utf8')
  const damaged = (name: string, mergesText: string, vocabText = vocab) =>
    folderWith(name, { 'vocab.json': vocabText, 'merges.txt': mergesText })
  const cases: [string, string, RegExp][] = [
    [
      'absent',
      join(folder, 'absent.json'),
      /absent\.json: no such file or folder\. Give a tokenizer\.json, a folder with one/,
    ],
    [
      'no files',
      folderWith('nothing', {}),
      /nothing: no tokenizer in this folder\. It must contain tokenizer\.json, or vocab\.json and merges\.txt, or/,
    ],
    ['half', folderWith('half', { 'vocab.json': vocab }), /half: no tokenizer in this folder\. It must contain/],
    [
      'cut merges',
      damaged('cut', merges.slice(0, 500)),
      /cut\/merges\.txt: no merge makes ".+" of .*\. It may be cut short/,
    ],
    [
      'odd line',
      damaged('odd', merges + 'a b c\n'),
      /odd\/merges\.txt: line \d+ is "a b c"\. A line is two tokens with a space between$/,
    ],
    [
      'unknown',
      damaged('unknown', merges + 'zz a\n'),
      /unknown\/merges\.txt: merge \d+ \("zz a"\): "zz" is not in the vocabulary/,
    ],
    ['empty', damaged('empty', merges, ' \n'), /empty\/vocab\.json: the file is empty\. Copy or write it again/],
  ]
  for (const [name, path, message] of cases)
    await t.test(name, () => assert.rejects(loadTokenizer(path), { name: 'TokenizerError', message }))
})
