/** Exported folders in transformers itself. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exportHf, importHf } from '../../../src/convert/index.js'
import { saveTokenizer, trainTokenizer } from '../../../src/tokenizer/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { relative } from '../../model/goldens.js'
import { huggingFace, tensorsOf } from '../support.js'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const python = join(root, '.venv-peers/bin/python')
const skip = existsSync(python) ? false : 'there is no .venv-peers with transformers in it'

for (const [name, options] of [
  ['one file', {}],
  ['shards', { maxShardBytes: 20_000 }],
] as const)
  test(`transformers loads what we export, with equal logits: ${name}`, { skip }, async (t) => {
    const folder = temporaryFolder(t)
    const [imported, output, logits] = ['imported', 'exported', 'logits.safetensors'].map((file) => join(folder, file))
    const tokenizer = join(folder, 'tokenizer.json')
    const text = 'the theory of the tide, thereof'
    const trained = await trainTokenizer({ texts: [text], vocabSize: 270 })
    await saveTokenizer(trained, tokenizer)
    await importHf(huggingFace('single'), imported)
    await exportHf(imported, output, { ...options, tokenizer })
    const script = join(root, 'test/reference/load_hf_folder.py')
    const said = execFileSync(python, [script, output, huggingFace('logits.safetensors'), logits, text], {
      encoding: 'utf8',
    })
    const { ids, text: decoded, tokenizer_eos, eos, ...loaded } = JSON.parse(said.trim().split('\n').at(-1)!)
    assert.deepEqual(loaded, {
      class: 'GPTNeoForCausalLM',
      dtype: 'torch.float32',
      missing_keys: [],
      unexpected_keys: [],
      mismatched_keys: [],
    })
    assert.deepEqual(ids, Array.from(trained.encode(text)))
    assert.equal(decoded, text)
    assert.deepEqual([eos, tokenizer_eos], [trained.idOf('<|endoftext|>'), trained.idOf('<|endoftext|>')])
    const floats = async (path: string) => {
      const { data } = (await tensorsOf(path)).get('logits')!
      return new Float32Array(data.buffer, data.byteOffset, data.length / 4)
    }
    const off = relative(await floats(logits), await floats(huggingFace('logits.safetensors')))
    assert.ok(off < 1e-6, `off by ${off}`)
  })
