/** Folders that transformers saved (test/reference/make_hf_folder.py). */
import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { huggingFaceVariables, importHf, openHuggingFace } from '../../../src/convert/index.js'
import { counterparts } from '../../../src/convert/hugging-face/names.js'
import { floatsToBf16 } from '../../../src/engine/half.js'
import { sha256, type StoredTensor } from '../../../src/files/index.js'
import { modelShape, parametersOf } from '../../../src/model/index.js'
import { openCheckpoint } from '../../../src/checkpoint/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { fixture, relative } from '../../model/goldens.js'
import { assertSame, collected, copyOf, huggingFace, logitsFor, rewrite, tensorsOf } from '../support.js'

const single = huggingFace('single')
const sharded = huggingFace('sharded')

test('names and shapes are those of our model', async () => {
  const { config, close } = await openHuggingFace(single)
  const specs = parametersOf(modelShape(config, { batch: 1 }), 'unroll')
  const listed = (list: readonly { name: string; shape: readonly number[] }[]) =>
    list.map(({ name, shape }) => `${name} [${shape}]`).sort()
  assert.deepEqual(listed(counterparts(config)), listed(specs))
  await close()
})

test("imported weights give transformers' logits", async (t) => {
  const wanted = await tensorsOf(huggingFace('logits.safetensors'))
  const array = <A>(name: string, type: new (buffer: ArrayBuffer) => A) =>
    new type(wanted.get(name)!.data.buffer as ArrayBuffer)
  const output = join(temporaryFolder(t), 'imported')
  const totals = await importHf(single, output)
  assert.equal(totals.tensors, 43)
  assert.equal(totals.bytes, 4 * totals.parameters)
  const checkpoint = await openCheckpoint(output)
  assert.deepEqual([checkpoint.manifest.step, checkpoint.manifest.tokens], [0, 0])
  const found = await logitsFor(checkpoint.config, checkpoint.read, array('ids', Int32Array), 2)
  const off = relative(found, array('logits', Float32Array))
  assert.ok(off < 1e-5, `off by ${off}`)
  await checkpoint.close()
})

test('shards, with masks and lm_head as older versions saved them, are the same model', async () => {
  const one = await collected(huggingFaceVariables(single))
  const many = await collected(huggingFaceVariables(sharded))
  assert.deepEqual([...many.keys()], [...one.keys()])
  for (const [name, { data, shape }] of many) {
    assert.deepEqual(shape, one.get(name)!.shape)
    assertSame(data, one.get(name)!.data, name)
  }
})

test('names without "transformer.", bf16, f16', async (t) => {
  const folder = copyOf(t, single)
  const path = join(folder, 'model.safetensors')
  await rewrite(path, (tensors) => {
    for (const [name, tensor] of [...tensors]) {
      tensors.delete(name)
      const bare = name.replace('transformer.', '')
      tensors.set(
        bare,
        bare.startsWith('h.1.') ? asBf16(tensor, bare) : bare === 'ln_f.bias' ? asF16(bare) : { ...tensor, name: bare },
      )
    }
  })
  const wanted = await collected(huggingFaceVariables(single))
  const found = await collected(huggingFaceVariables(folder))
  assert.deepEqual([...found.keys()], [...wanted.keys()])
  assertSame(found.get('gpt2/h0/attn/q')!.data, wanted.get('gpt2/h0/attn/q')!.data, 'q')
  assert.equal(found.get('gpt2/ln_f/b')!.data[3], -1.5)
  const bits = floatsToBf16(wanted.get('gpt2/h1/attn/q')!.data)
  assert.deepEqual(floatsToBf16(found.get('gpt2/h1/attn/q')!.data), bits)
  assert.ok(relative(found.get('gpt2/h1/attn/q')!.data, wanted.get('gpt2/h1/attn/q')!.data) < 1 / 256)
})

function asBf16({ data, shape }: StoredTensor, name: string): StoredTensor {
  const bits = floatsToBf16(new Float32Array(data.buffer, data.byteOffset, data.length / 4))
  return { name, shape, dtype: 'BF16', data: new Uint8Array(bits.buffer) }
}

function asF16(name: string): StoredTensor {
  return { name, shape: [20], dtype: 'F16', data: new Uint8Array(new Uint16Array(20).fill(0xbe00).buffer) }
}

test('truncation and padding of a tokenizer are not copied along, which a note says', async (t) => {
  const folder = copyOf(t, single)
  cpSync(fixture('cases/tok-used-with-truncation/tokenizer.json'), join(folder, 'tokenizer.json'))
  const output = join(temporaryFolder(t), 'imported')
  assert.match((await importHf(folder, output)).notes.join(), /tokenizer\.json: truncation of the file not applied/)
  assert.equal(JSON.parse(readFileSync(join(output, 'tokenizer.json'), 'utf8')).truncation, null)
})

test('a tokenizer is copied along as it is, or made from vocab.json and merges.txt', async (t) => {
  const folder = copyOf(t, single)
  const json = '{"version": "1.0", "model": {}}\n'
  writeFileSync(join(folder, 'tokenizer.json'), json)
  const output = join(temporaryFolder(t), 'imported')
  const { notes } = await importHf(folder, output)
  assert.match(
    notes.join(),
    /^the tokenizer cannot be used here: .*tokenizer\.json: model\.type must be "BPE" \(got missing\)/,
  )
  assert.equal(readFileSync(join(output, 'tokenizer.json'), 'utf8'), json)
  const checkpoint = await openCheckpoint(output)
  assert.equal(checkpoint.manifest.tokenizer, sha256(json))
  await checkpoint.close()

  rmSync(join(folder, 'tokenizer.json'))
  const alphabet = [...Array(256).keys()].map((byte) => String.fromCodePoint(printable(byte)))
  writeFileSync(
    join(folder, 'vocab.json'),
    JSON.stringify(Object.fromEntries([...alphabet, '<|endoftext|>'].map((token, i) => [token, i]))),
  )
  writeFileSync(join(folder, 'merges.txt'), '#version: 0.2\n')
  const made = join(temporaryFolder(t), 'imported')
  assert.deepEqual((await importHf(folder, made)).notes, [])
  assert.equal(JSON.parse(readFileSync(join(made, 'tokenizer.json'), 'utf8')).model.type, 'BPE')
})

/** GPT-2's character for a byte. */
function printable(byte: number): number {
  const kept = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174
  return kept(byte) ? byte : 256 + [...Array(byte).keys()].filter((b) => !kept(b)).length
}

test('rows beyond vocab_size are left out, with a note', async (t) => {
  const folder = copyOf(t, single)
  change(join(folder, 'config.json'), (config) => (config.vocab_size = 53))
  const source = await openHuggingFace(folder)
  assert.deepEqual(source.notes, ['wte.weight has 61 rows; those beyond vocab_size 53 are left out'])
  const [wte] = source.variables
  const whole = (await collected(huggingFaceVariables(single))).get('gpt2/wte')!.data
  assert.deepEqual(wte.shape, [53, 20])
  assertSame(await wte.data(), whole.subarray(0, 53 * 20), 'wte')
  await source.close()
})

test('prefixes of wrappers are left out, with a note', async (t) => {
  const wanted = await collected(huggingFaceVariables(single))
  const renamings: ((name: string) => string)[] = [
    (name) => `module.${name}`,
    (name) => `_orig_mod.${name}`,
    (name) => `model.${name}`,
    (name) => `module._orig_mod.${name.replace('transformer.', '')}`,
    (name) => `model.module.${name.replace('transformer.', 'transformer._orig_mod.')}`,
    (name) => name.replace(/h\.(\d+)/, 'h.$1._orig_mod'),
    (name) => name.replace('transformer.', 'model.'),
  ]
  for (const renaming of renamings) {
    const folder = copyOf(t, single)
    await rewrite(join(folder, 'model.safetensors'), (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name)
        tensors.set(renaming(name), { ...tensor, name: renaming(name) })
      }
    })
    const source = await openHuggingFace(folder)
    assert.equal(source.notes.length, 1, source.notes.join())
    assert.match(source.notes[0], /^prefixes of tensor names are left out: "[\w.]+" is read as "[\w.]+"$/)
    const found = await collected(source.variables)
    for (const [name, { data }] of wanted) assertSame(found.get(name)!.data, data, name)
    await source.close()
  }
})

test('two tensors of one name are refused', async (t) => {
  const folder = copyOf(t, single)
  await rewrite(join(folder, 'model.safetensors'), (tensors) => {
    const name = 'module.transformer.ln_f.bias'
    tensors.set(name, { ...tensors.get('transformer.ln_f.bias')!, name })
  })
  await assert.rejects(openHuggingFace(folder), {
    message:
      /must have each tensor once \(got "(module\.)?transformer\.ln_f\.bias" and "(module\.)?transformer\.ln_f\.bias"\)/,
  })
})

test('the tied table may be there as lm_head.weight alone, under any prefix', async (t) => {
  const wanted = await collected(huggingFaceVariables(single))
  for (const name of ['lm_head.weight', 'module.lm_head.weight']) {
    const folder = copyOf(t, single)
    await rewrite(join(folder, 'model.safetensors'), (tensors) => {
      const table = tensors.get('transformer.wte.weight')!
      tensors.delete('transformer.wte.weight')
      tensors.set(name, { ...table, name })
    })
    const source = await openHuggingFace(folder)
    assert.ok(source.notes.some((note) => note.startsWith('wte.weight is not there; lm_head.weight,')))
    const [table] = source.variables
    assertSame(await table.data(), wanted.get('gpt2/wte')!.data, 'wte')
    await source.close()
  }
})

test('folders and names that are not a model in safetensors are said to be what they are', async (t) => {
  const cases: [what: string, files: Record<string, string>, message: RegExp][] = [
    [
      'LoRA',
      { 'adapter_config.json': '{}' },
      /got a LoRA adapter: adapter_config\.json\)\. Merge it in Python: from peft import/,
    ],
    ['LoRA beside a config', { 'config.json': '', 'adapter_model.safetensors': '' }, /got a LoRA adapter/],
    [
      'torch',
      { 'config.json': '', 'pytorch_model.bin': '' },
      /got pytorch_model\.bin, a torch pickle\)\. Convert it in Python/,
    ],
    [
      'torch shards',
      { 'pytorch_model.bin.index.json': '{}' },
      /a torch pickle\)\. Convert it in Python to safetensors: from transf/,
    ],
    ['lightning', { 'epoch=3.ckpt': '' }, /got epoch=3\.ckpt, as torch saves it\)/],
    ['TensorFlow', { 'model.ckpt-3.index': '' }, /got a TensorFlow checkpoint\)\. Import it: neomesh import tf /],
    ['ours', { 'manifest.json': '{}' }, /got a checkpoint or a run of neomesh\)\. Use it as it is$/],
    ['GGUF', { 'config.json': '', 'model-Q4.gguf': '' }, /got model-Q4\.gguf, a GGUF model of llama\.cpp\)/],
    [
      'Keras',
      { 'config.json': '', 'tf_model.h5': '' },
      /got tf_model\.h5\)\. Download the model's safetensors instead$/,
    ],
    ['nothing', {}, /has no config\.json\. Give a folder that transformers saved$/],
  ]
  for (const [what, files, message] of cases) {
    const folder = temporaryFolder(t)
    for (const [name, text] of Object.entries(files)) {
      if (name === 'config.json') writeFileSync(join(folder, name), readFileSync(join(single, name)))
      else writeFileSync(join(folder, name), text)
    }
    await assert.rejects(openHuggingFace(folder), { name: 'FileError', message }, what)
  }
  await assert.rejects(openHuggingFace('EleutherAI/gpt-neo-125m'), {
    message: /does not exist.*hub, import it first: neomesh import hf EleutherAI\/gpt-neo-125m --out FOLDER$/,
  })
  await assert.rejects(openHuggingFace(join(single, 'config.json')), { message: /\(got a file\)\. Give its folder$/ })
})

test('a Git LFS pointer is said to be one (case hf-lfs-pointer)', async () => {
  await assert.rejects(openHuggingFace(fixture('cases/hf-lfs-pointer')), {
    name: 'FileError',
    message:
      /model\.safetensors must be a safetensors file \(got a Git LFS pointer\)\. Run `git lfs install && git lfs pull`/,
  })
})

test('what does not fit is refused in one line', async (t) => {
  const weights = (edit: (tensors: Map<string, StoredTensor>) => void) => (folder: string) =>
    rewrite(join(folder, 'model.safetensors'), edit)
  const config = (edit: (config: any) => void) => (folder: string) => change(join(folder, 'config.json'), edit)
  const index = (edit: (index: any) => void) => (folder: string) =>
    change(join(folder, 'model.safetensors.index.json'), edit)
  const copied = (tensors: Map<string, StoredTensor>, from: string, to: string, shift = 0) =>
    tensors.set(to, {
      ...tensors.get(from)!,
      name: to,
      data: Uint8Array.from(tensors.get(from)!.data, (byte) => byte + shift),
    })
  const cases: [from: string, damage: (folder: string) => unknown, message: RegExp][] = [
    [
      single,
      config((c) => (c.vocab_size = 67)),
      /"transformer\.wte\.weight" has shape \[61, 20\], its config\.json asks for \[67, 20\]$/,
    ],
    [
      single,
      config((c) => (c.max_position_embeddings = 23)),
      /"transformer\.wpe\.weight" has shape \[24, 20\], .* \[23, 20\]$/,
    ],
    [
      single,
      config((c) => (c.tie_word_embeddings = false)),
      /config\.json: tie_word_embeddings: false is not possible: the folder has no lm_head/,
    ],
    [
      single,
      weights((w) => w.delete('transformer.h.1.ln_2.bias')),
      /has no tensor "transformer\.h\.1\.ln_2\.bias", which its config\.json asks for$/,
    ],
    [
      single,
      weights((w) => copied(w, 'transformer.ln_f.bias', 'score.weight')),
      /has a tensor "score\.weight", which GPT-Neo has no place for\. Is it another kind of model\?$/,
    ],
    [
      single,
      weights((w) => copied(w, 'transformer.wte.weight', 'lm_head.weight', 1)),
      /: lm_head\.weight differs from transformer\.wte\.weight\. GPT-Neo has one table for both/,
    ],
    [
      single,
      weights((w) =>
        w.set('transformer.ln_f.bias', {
          name: 'transformer.ln_f.bias',
          dtype: 'F64',
          shape: [20],
          data: new Uint8Array(160),
        }),
      ),
      /: "transformer\.ln_f\.bias" has dtype F64; F32, BF16, F16 can be read$/,
    ],
    [
      single,
      (folder) => rmSync(join(folder, 'model.safetensors')),
      /has neither model\.safetensors nor model\.safetensors\.index\.json/,
    ],
    [
      single,
      (folder) => {
        rmSync(join(folder, 'model.safetensors'))
        writeFileSync(join(folder, 'pytorch_model.bin'), '')
      },
      /must have its weights in safetensors \(got pytorch_model\.bin, a torch pickle\)\. Convert it in Python/,
    ],
    [
      single,
      (folder) => rmSync(join(folder, 'config.json')),
      /has no config\.json\. Give a folder that transformers saved$/,
    ],
    [
      sharded,
      (folder) => rmSync(join(folder, 'model-00002-of-00004.safetensors')),
      /model-00002-of-00004\.safetensors: it does not exist/,
    ],
    [
      sharded,
      index((i) => (i.weight_map['transformer.wte.weight'] = '../x')),
      /puts "transformer\.wte\.weight" into \.\.\/x, which is not in the same/,
    ],
    [
      sharded,
      index((i) => (i.weight_map['transformer.wte.weight'] = 'model-00003-of-00004.safetensors')),
      /puts "transformer\.wte\.weight" into model-00003-of-00004\.safetensors, which has no such tensor$/,
    ],
    [sharded, index((i) => delete i.weight_map), /index\.json has no weight_map from tensors to files$/],
  ]
  for (const [from, damage, message] of cases) {
    const folder = copyOf(t, from)
    await damage(folder)
    await assert.rejects(importHf(folder, join(folder, 'out')), { message }, String(message))
  }
})

function change(path: string, edit: (json: any) => void): void {
  const json = JSON.parse(readFileSync(path, 'utf8'))
  edit(json)
  writeFileSync(path, JSON.stringify(json))
}
