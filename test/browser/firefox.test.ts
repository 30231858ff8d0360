/** The library in Firefox, which needs no driver: a page runs the cases and sends what they return. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import * as files from '../../src/files/index.js'
import * as neomesh from '../../src/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { lesson, texts, type Trained } from './lesson.js'
import { noFirefox, runFirefox } from './run-firefox.js'
import { makeSite, model, runInWorker } from './world.js'

const steps = 8

const script = `
  const send = (name, result) => fetch('/sent/' + name, { method: 'POST', body: JSON.stringify(result) })
  const options = { folder: 'runs/test', model: 'configs/models/notebook.json', steps: ${steps}, texts: ${JSON.stringify(texts)} }
  for (const name of ['suite', 'lesson'])
    await (${runInWorker})(name, options, () => {}).then((result) => send(name, result), (error) => send('failed', String(error)))
  await send('end', null)`

test(
  'Firefox keeps the promises of files and has the losses of Node',
  { skip: noFirefox, timeout: 5 * 60_000 },
  async (t) => {
    const results = await runFirefox(t, await makeSite(t, script))
    assert.equal(results.get('failed'), undefined)
    assert.deepEqual(results.get('suite'), [])
    const folder = join(temporaryFolder(t), 'work')
    const wanted = await lesson({ neomesh, 'neomesh/files': files }, { folder, model, texts, steps })
    const got = results.get('lesson') as Trained
    assert.equal(got.losses.length, steps)
    assert.deepEqual(got.losses, wanted.losses)
    assert.deepEqual(got.sampled, wanted.sampled)
  },
)
