/** The lessons in JupyterLite, as a student has them: a link, "Run All Cells", then without a network. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import * as files from '../../src/files/index.js'
import * as neomesh from '../../src/index.js'
import { lesson, texts, type Trained } from '../browser/lesson.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { noBrowser, openPage } from '../web/browser.js'
import { buildSite, serveSite, type SiteServer } from './classroom.js'
import { root } from './client.js'
import { addNotebook, lessonPage, type LessonPage } from './lessons.js'

const all = readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'))
/** Those that use every part of the kernel; LESSONS=all runs the others, too, which takes as long again. */
const lessons = process.env.LESSONS === 'all' ? all : all.filter((name) => /^0[013458]/.test(name))

const endings: (() => unknown)[] = []
const scope = { after: (end: () => unknown) => void endings.push(end) } as TestContext
let page: Page
let site: SiteServer
let lab: LessonPage
const elsewhere: string[] = []
/** Bytes that the network delivered, headers included. */
let received = 0

before(async () => {
  if (noBrowser) return
  const folder = await buildSite(scope)
  addNotebook(folder, 'files.ipynb', FILES)
  addNotebook(folder, 'resumed.ipynb', RESUMED)
  site = await serveSite(scope, folder)
  page = await openPage(scope, { viewport: { width: 1200, height: 1400 } })
  page.setDefaultTimeout(90_000)
  lab = lessonPage(page, site.address)
  page.context().on('request', (request) => {
    if (/^(https?|wss?):/.test(request.url()) && !request.url().startsWith(site.address)) elsewhere.push(request.url())
  })
  page.context().on('response', async (response) => {
    if (response.fromServiceWorker()) return
    const sizes = await response
      .request()
      .sizes()
      .catch(() => null)
    received += sizes?.responseBodySize ?? 0
  })
})
after(async () => {
  for (const end of endings.reverse()) await end()
})

test('the front page links to every lesson', { skip: noBrowser, timeout: 60_000 }, async () => {
  await page.goto(site.address)
  await page.waitForFunction('crossOriginIsolated')
  for (const name of all) assert.ok((await page.locator(`a[href*="${name}"]`).count()) > 0, name)
})

for (const name of lessons)
  test(`${name}: all cells run`, { skip: noBrowser, timeout: 240_000 }, async (t) => {
    const began = performance.now()
    await lab.open(name)
    const shown = await lab.runAll()
    t.diagnostic(`${shown.length} cells, ${((performance.now() - began) / 1000).toFixed(1)} s`)
    assert.deepEqual(
      shown.filter(({ failed }) => failed),
      [],
    )
    assert.ok(
      shown.every(({ prompt }) => /\d/.test(prompt)),
      'all were run',
    )
  })

/** Cells that write a file, and read one. */
const FILES = [
  "import { makeFolder, readText, writeFileAtomic } from 'neomesh/files'",
  "await makeFolder('runs/mine')\nawait writeFileAtomic('runs/mine/from a cell.txt', 'written by a cell')",
  "await readText('dropped.txt')",
]

test(
  "JupyterLab's file browser shows what cells write, and cells read what is dropped there",
  { skip: noBrowser, timeout: 120_000 },
  async (t) => {
    await lab.open('files.ipynb', 'lab')
    const item = (name: string) => page.locator('.jp-DirListing-item', { hasText: name })
    await item('04_training.ipynb').waitFor()
    const dropped = join(temporaryFolder(t), 'dropped.txt')
    writeFileSync(dropped, 'dropped by a reader')
    await drop(dropped)
    await item('dropped.txt').waitFor()
    const shown = await lab.runAll()
    assert.deepEqual(
      shown.filter(({ failed }) => failed),
      [],
    )
    assert.equal(shown[2].text, "'dropped by a reader'")

    for (const folder of ['runs', 'mine']) await item(folder).dblclick()
    const file = item('from a cell.txt')
    await file.dblclick()
    await page.locator('.jp-FileEditor .cm-content', { hasText: 'written by a cell' }).waitFor()
    const choose = async (command: string) => {
      await file.click({ button: 'right' })
      await page.locator(`.lm-Menu [data-command="${command}"]`).click()
    }
    const downloading = page.waitForEvent('download')
    await choose('filebrowser:download')
    const saved = join(temporaryFolder(t), 'saved.txt')
    await (await downloading).saveAs(saved)
    assert.equal(readFileSync(saved, 'utf8'), 'written by a cell')
    await choose('filebrowser:delete')
    await page.locator('.jp-Dialog .jp-mod-accept').click()
    await file.waitFor({ state: 'detached' })
  },
)

/** Drops a file of this machine onto the file browser, as a reader does. */
async function drop(path: string): Promise<void> {
  const { x, y, width, height } = (await page.locator('.jp-DirListing-content').boundingBox())!
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [path], dragOperationsMask: 1 }
  const at = { x: x + width / 2, y: y + height - 20 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...at, data })
}

const steps = 120
/** A small training run, which continues where it was. */
const RESUMED = [
  "import * as neo from 'neomesh'\nimport * as files from 'neomesh/files'",
  `const lesson = (0, eval)(${JSON.stringify(`(${lesson})`)})
const options = { folder: 'runs/resumed', model: 'configs/models/notebook.json', steps: ${steps}, texts: ${JSON.stringify(texts)} }
const onStep = (step: number) => console.log('step ' + step)
const trained = await lesson({ neomesh: neo, 'neomesh/files': files }, { ...options, onStep })
console.log('trained ' + JSON.stringify(trained))`,
]

test(
  'a training run that a reload interrupts resumes with the numbers of one that was not interrupted',
  { skip: noBrowser, timeout: 120_000 },
  async (t) => {
    await lab.open('resumed.ipynb')
    await lab.start()
    await page.getByText('step 20').first().waitFor()
    await page.reload()
    await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor()
    await lab.idle()
    const shown = await lab.runAll()
    const { from, losses, sampled } = JSON.parse(/^trained (.*)$/m.exec(shown[1].text)![1]) as Trained
    t.diagnostic(`resumed at step ${from}`)
    assert.ok(from >= 4 && from < steps, `resumed at ${from}`)
    const model = join(root, 'configs/models/notebook.json')
    const wanted = await lesson(
      { neomesh, 'neomesh/files': files },
      { folder: join(temporaryFolder(t), 'work'), model, steps, texts },
    )
    assert.deepEqual(losses, wanted.losses)
    assert.deepEqual(sampled, wanted.sampled)
  },
)

test('without a network lessons open and run', { skip: noBrowser, timeout: 240_000 }, async () => {
  await lab.open('01_tokenizer.ipynb')
  await lab.runAll() // upon which what other lessons need is loaded
  await page.waitForFunction(
    `caches.keys().then(async ([name]) => (await (await caches.open(name)).match('${site.address}files/03_config.ipynb')) !== undefined)`,
    undefined,
    { timeout: 60_000, polling: 1000 },
  )
  await site.close()
  await lab.open('03_config.ipynb')
  const shown = await lab.runAll()
  assert.deepEqual(
    shown.filter(({ failed }) => failed),
    [],
  )
})

test('nothing was asked of another server, and nothing that is not there', { skip: noBrowser }, (t) => {
  t.diagnostic(`${(received / 1e6).toFixed(1)} MB received, not compressed`)
  assert.deepEqual(elsewhere, [])
  assert.deepEqual(site.missing, [])
})
