/** A model of transformers' making at the shape of the released 125M: the same logits and tokens here, its bytes given back. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exportHf, importHf } from '../../../src/convert/index.js'
import { openSafetensors } from '../../../src/files/index.js'
import { generate, loadModel } from '../../../src/generate/index.js'
import { openCheckpoint } from '../../../src/checkpoint/index.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { relative } from '../../model/goldens.js'
import { engine } from '../../tensor/check.js'
import { assertSame, logitsFor, tensorsOf } from '../support.js'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const python = join(root, '.venv-peers/bin/python')
const skip = existsSync(python) ? false : 'there is no .venv-peers with transformers in it'

test(
  '125M from transformers: logits to 1e-3, 64 greedy tokens, and every tensor back to the byte',
  { skip },
  async (t) => {
    const folder = temporaryFolder(t)
    const [model, imported, output] = ['model', 'imported', 'exported'].map((name) => join(folder, name))
    execFileSync(python, [join(root, 'test/reference/make_hf_folder.py'), '--shape', '125m', folder], { stdio: 'pipe' })
    await importHf(model, imported)

    const recorded = await tensorsOf(join(folder, 'logits.safetensors'))
    const ids = recorded.get('ids')!
    const view = <T>(name: string, of: new (buffer: ArrayBuffer, at: number, length: number) => T) => {
      const { data } = recorded.get(name)!
      return new of(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength / 4)
    }
    const checkpoint = await openCheckpoint(imported)
    const found = await logitsFor(checkpoint.config, checkpoint.read, view('ids', Int32Array), ids.shape[0])
    await checkpoint.close()
    const off = relative(found, view('logits', Float32Array))
    assert.ok(off < 1e-3, `logits are off by ${off}`)

    const loaded = await loadModel(await engine(), imported)
    const prompt = view('ids', Int32Array).slice(0, 32)
    const made: number[] = []
    for await (const [id] of generate(loaded, [prompt], { temperature: 0, maxTokens: 64 })) made.push(id!)
    assert.deepEqual(made, [...view('greedy', Int32Array)])

    await exportHf(imported, output)
    const [wanted, exported] = [
      await openSafetensors(join(model, 'model.safetensors')),
      await openSafetensors(join(output, 'model.safetensors')),
    ]
    assert.deepEqual([...exported.tensors.keys()].sort(), [...wanted.tensors.keys()].sort())
    for (const name of wanted.tensors.keys())
      assertSame((await exported.read(name)).data, (await wanted.read(name)).data, name)
    await Promise.all([wanted.close(), exported.close()])
  },
)
