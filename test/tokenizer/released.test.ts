import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isTokenizer, loadTokenizer, nameOfTokenizer, saveTokenizer, tokenizerJson } from '../../src/tokenizer/index.js'
import { outcome, sha256, temporaryFolder } from './support.js'

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
    await assert.rejects(loadTokenizer('gpt2'), /^TokenizerError: gpt2: no tokenizer in this folder; it must hold/)
  } finally {
    process.chdir(here)
  }
  await assert.rejects(loadTokenizer('gpt3'), {
    name: 'TokenizerError',
    message: /^gpt3: no such file or folder; give a tokenizer\.json, .* or a name: gpt2, p50k_base$/,
  })
})
