/** Every notebook from its first cell to its last, without a browser, as `make notebooks` has it, with little to do. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { installKernel } from '../../src/setup/index.js'
import { startStorage } from '../files/google-storage/server.js'
import { withoutLibtpu } from '../plan/libtpu.js'
import { python, root } from './client.js'

const skip = !existsSync(python) && 'no Python in .venv: `make setup` installs it'

/** Those that are not named have their own values. */
const parameters: Readonly<Record<string, Record<string, number | boolean>>> = {
  '00_first_model.ipynb': { steps: 20 },
  '01_tokenizer.ipynb': { vocabSize: 512, texts: 60 },
  '04_training.ipynb': { steps: 20 },
  '05_sampling.ipynb': { steps: 20 },
  '06_attention.ipynb': { steps: 10, paritySteps: 5, memorySteps: 5 },
  // Without libtpu it says what it needs; with it, compiling would take minutes.
  '07_meshes.ipynb': { steps: 1, compile: withoutLibtpu !== false },
  '08_tpu.ipynb': { steps: 12 },
  '09_fine_tuning.ipynb': { steps: 20, tuningSteps: 5 },
}

/** Those whose parameter `folder` is in a bucket. */
const inBucket = ['02_data.ipynb', '05_sampling.ipynb']
const storage = await startStorage('bucket')

test('the notebooks run', { skip, timeout: 15 * 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-notebooks-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  await installKernel({ project: root, prefix: join(folder, 'prefix') })
  const environment = {
    ...process.env,
    NODE_OPTIONS: '',
    JUPYTER_PATH: join(folder, 'prefix/share/jupyter'),
    NEOMESH_CACHE: join(folder, 'cache'),
    NEOMESH_PARAM_folder: join(folder, 'runs'),
    STORAGE_EMULATOR_HOST: storage.url,
  }

  for (const name of readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'))) {
    await t.test(name, async () => {
      const flags = Object.entries(parameters[name] ?? {}).flatMap(([key, value]) => ['-p', `${key}=${value}`])
      const place = inBucket.includes(name) ? { NEOMESH_PARAM_folder: 'gs://bucket/runs' } : {}
      const env = { ...environment, ...place }
      const run = spawn(python, [join(root, 'kernels/run_notebooks.py'), ...flags, name], { env })
      const [output, errors, [status]] = await Promise.all([text(run.stdout), text(run.stderr), once(run, 'exit')])
      assert.equal(status, 0, `${output}${errors}`)
    })
  }
  for (const name of ['my-data/dataset.json', 'training/config.json'])
    assert.ok(storage.names('bucket').includes(`runs/${name}`), name)
})
