import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { strFromU8, unzipSync, zipSync } from 'fflate'
import * as files from '../../src/files/index.js'
import * as neomesh from '../../src/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { availableParallelism } from 'node:os'
import { ISOLATED, noBrowser } from '../web/browser.js'
import { lesson, texts, type Trained } from './lesson.js'
import { model, openWorld } from './world.js'

const steps = 24

test('the library in a browser', { skip: noBrowser }, async (t) => {
  const world = await openWorld(t)

  await t.test('a run, reloaded in the middle, has the losses and the sample of Node', async (t) => {
    const folder = join(temporaryFolder(t), 'work')
    const wanted = await lesson({ neomesh, 'neomesh/files': files }, { folder, model, texts, steps })
    const inBrowser = { folder: 'runs/test', model: 'configs/models/notebook.json', texts, steps }
    await world.reloadAtStep(18, 'lesson', inBrowser)
    const got = (await world.run('lesson', inBrowser)) as Trained
    assert.ok(got.from >= 4 && got.from < steps, `resumed at ${got.from}`)
    assert.equal(got.losses.length, steps)
    assert.deepEqual(got.losses, wanted.losses)
    assert.deepEqual(got.sampled, wanted.sampled)
  })

  await t.test('a page that is not isolated has one thread, and says why', async () => {
    const options = { folder: 'runs/alone', model: 'configs/models/notebook.json', texts, steps: 1 }
    const { started, description } = (await world.run('threads', options)) as Threads
    assert.equal(started, 1)
    assert.equal(description, 'host on cpu (WebAssembly, 1 thread: the page is not cross-origin isolated)')
  })

  await t.test('files keep the promises of those of Node', async () => {
    assert.deepEqual(await world.run('suite'), [])
  })

  await t.test('what the site serves is read when it is needed, and cannot be removed', async () => {
    const before = world.asked.filter((path) => path.includes('texts-')).length
    const models = (await files.globFiles(join(model, '../*.json'))).length
    const demo = await neomesh.demoTexts()
    const lengths = await Promise.all([demo[0], demo.at(-1)!].map(async (path) => (await files.readText(path)).length))
    assert.deepEqual(await world.run('siteFiles'), {
      models,
      texts: demo.length,
      first: lengths[0],
      last: lengths[1],
      refused: 'EROFS',
      changed: '{}',
      restored: true,
      engine: 'host',
      use: true,
    })
    // The first and the last pack alone.
    assert.equal(world.asked.filter((path) => path.includes('texts-')).length, before + 2)
  })

  await t.test('a lock is held by one worker until it ends, however it ends', async () => {
    const path = '/a lock'
    assert.equal(await world.run('holdLock', { path, stays: true }), true)
    assert.equal(await world.run('lockHolder', { path }), 'another notebook or tab of this browser')
    await world.page.evaluate('lastWorker.terminate()')
    await world.page.waitForFunction('navigator.locks.query().then(({ held }) => held.length === 0)')
    assert.equal(await world.run('lockHolder', { path }), 'free')
  })

  await t.test('texts are uploaded, also in an archive, and a folder is downloaded as one', async (t) => {
    const archive = zipSync({
      'poems/one.txt': new TextEncoder().encode('first'),
      '../two.txt': new TextEncoder().encode('second'),
    })
    const running = world.run('transfer', { folder: '/my-texts', stays: true })
    const field = world.page.locator('input[type=file]')
    await field.setInputFiles([
      { name: 'three.txt', mimeType: 'text/plain', buffer: Buffer.from('third') },
      { name: 'poems.zip', mimeType: 'application/zip', buffer: Buffer.from(archive) },
    ])
    const { html, texts } = (await running) as { html: string; texts: string[] }
    assert.deepEqual(texts, [
      '/my-texts/poems/one.txt: first',
      '/my-texts/three.txt: third',
      '/my-texts/two.txt: second',
    ])
    assert.match(html, /^Download <a href="blob:http[^"]+" download="my-texts\.zip">my-texts\.zip<\/a> \(.*B\)$/)
    await world.page.evaluate(`document.body.innerHTML = ${JSON.stringify(html)}`)
    const [download] = await Promise.all([world.page.waitForEvent('download'), world.page.click('a')])
    const saved = join(temporaryFolder(t), 'my-texts.zip')
    await download.saveAs(saved)
    const got = unzipSync(new Uint8Array(readFileSync(saved)))
    assert.deepEqual(
      Object.entries(got).map(([name, bytes]) => `${name}: ${strFromU8(bytes)}`),
      ['my-texts/poems/one.txt: first', 'my-texts/three.txt: third', 'my-texts/two.txt: second'],
    )
  })

  await t.test('no request went to another origin', () => {
    assert.deepEqual(world.elsewhere, [])
  })

  await t.test('storage that is full is an error in one line, and the old file stays', async () => {
    // Another origin: the browser remembers for a while how much room one has.
    await world.page.goto(world.page.url().replace('127.0.0.1', 'localhost'))
    const session = await world.page.context().newCDPSession(world.page)
    const origin = new URL(world.page.url()).origin
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8_000_000 })
    assert.equal(await world.run('fill', { path: '/full', bytes: 1000 }), 'written; 1000 bytes')
    const got = (await world.run('fill', { path: '/full', bytes: 40_000_000 })) as string
    await session.send('Storage.overrideQuotaForOrigin', { origin })
    assert.match(
      got,
      /^FileError: cannot write \/full: the browser's storage for this site is full \(\d+ MB of \d+ MB used\)\. Download .* \(ENOSPC\); 1000 bytes$/,
    )
  })
})

interface Threads {
  readonly losses: readonly number[]
  readonly started: number
  readonly description: string
}

test(
  'in a page that is isolated all cores work, up to four, with the losses of one thread',
  { skip: noBrowser },
  async (t) => {
    const world = await openWorld(t, ISOLATED)
    const options = { model: 'configs/models/notebook.json', texts, steps: 8 }
    const { losses, started, description } = (await world.run('threads', {
      ...options,
      folder: 'runs/threads',
    })) as Threads
    const count = Math.min(availableParallelism(), 4)
    assert.equal(started, count)
    assert.equal(description, `host on cpu (WebAssembly, ${count} thread${count === 1 ? '' : 's'})`)
    const folder = join(temporaryFolder(t), 'work')
    const wanted = await lesson({ neomesh, 'neomesh/files': files }, { ...options, folder, model })
    assert.deepEqual(losses, wanted.losses)
  },
)
