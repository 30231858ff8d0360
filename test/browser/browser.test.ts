import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as files from '../../src/files/index.js'
import * as neomesh from '../../src/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { noBrowser } from '../web/browser.js'
import { lesson, type Trained } from './lesson.js'
import { openWorld } from './world.js'

const model = fileURLToPath(new URL('../../../configs/models/notebook.json', import.meta.url))
const texts = Array.from(
  { length: 40 },
  (_, i) => `The state of the Union in year ${1790 + i} is ${i % 3 ? 'good' : 'better'}.`,
)
const steps = 24

test(
  'a run in a browser, reloaded in the middle, has the losses and the sample of Node',
  { skip: noBrowser },
  async (t) => {
    const world = await openWorld(t)
    const wanted = await lesson(
      { neomesh, 'neomesh/files': files },
      { folder: join(temporaryFolder(t), 'work'), model, texts, steps },
    )
    const inBrowser = { folder: 'runs/test', model: 'configs/models/notebook.json', texts, steps }
    await world.reloadAtStep(18, 'lesson', inBrowser)
    const got = (await world.run('lesson', inBrowser)) as Trained
    assert.ok(got.from >= 4 && got.from < 24, `resumed at ${got.from}`)
    assert.equal(got.losses.length, steps)
    assert.deepEqual(got.losses, wanted.losses)
    assert.deepEqual(got.sampled, wanted.sampled)
  },
)
