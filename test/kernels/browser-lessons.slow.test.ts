/** The lessons in JupyterLite, as a student has them: a link, "Run All Cells", then without a network. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser, openPage } from '../web/browser.js'
import { buildSite, serveSite, type SiteServer } from './classroom.js'
import { root } from './client.js'

/** Small enough that a lesson takes seconds; lessons have no others. */
const PARAMETERS: Readonly<Record<string, string | number>> = {
  texts: 40,
  vocabSize: 512,
  steps: 3,
  tuningSteps: 2,
  seeds: 1,
}
const all = readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.ipynb'))
/** Those that use every part of the kernel; LESSONS=all runs the others, too, which takes as long again. */
const lessons = process.env.LESSONS === 'all' ? all : all.filter((name) => /^0[013458]/.test(name))

const endings: (() => unknown)[] = []
const scope = { after: (end: () => unknown) => void endings.push(end) } as TestContext
let page: Page
let site: SiteServer
const elsewhere: string[] = []
/** Bytes that the network delivered, headers included. */
let received = 0

before(async () => {
  if (noBrowser) return
  site = await serveSite(scope, await buildSite(scope))
  page = await openPage(scope, { viewport: { width: 1200, height: 1400 } })
  page.setDefaultTimeout(90_000)
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

const query = Object.entries(PARAMETERS)
  .map(([name, value]) => `&param.${name}=${value}`)
  .join('')

const idle = () => page.getByText('TypeScript (neomesh)').first().waitFor()

async function open(name: string): Promise<void> {
  await page.goto(`${site.address}notebooks/index.html?path=${name}${query}`)
  await page.waitForFunction('crossOriginIsolated')
  await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor()
  await idle()
}

async function menu(name: string, item: RegExp): Promise<void> {
  await page.getByRole('menuitem', { name, exact: true }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

interface Shown {
  readonly prompt: string
  readonly text: string
  readonly failed: boolean
}

/** How JupyterLab marks errors, and what was written to stderr, which no lesson does. */
const ERROR = '[data-mime-type="application/vnd.jupyter.stderr"]'

/** Runs all cells of the open lesson; what they show then. */
async function runAll(): Promise<Shown[]> {
  await menu('Kernel', /^Restart Kernel and Run All Cells/)
  await page.locator('.jp-Dialog .jp-mod-accept').click()
  await page.waitForFunction(
    `(() => {
      const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map((prompt) => prompt.textContent)
      const failed = document.querySelector('.jp-CodeCell ${ERROR}')
      return !prompts.some((text) => text.includes('*')) && (failed || prompts.every((text) => /\\d/.test(text)))
    })()`,
    undefined,
    { timeout: 200_000, polling: 500 },
  )
  return page.evaluate(`[...document.querySelectorAll('.jp-CodeCell')].map((cell) => ({
    prompt: cell.querySelector('.jp-InputPrompt').textContent,
    text: [...cell.querySelectorAll('.jp-OutputArea-output')].map((output) => output.innerText).join('\\n'),
    failed: cell.querySelector('${ERROR}') !== null,
  }))`)
}

test('the front page links to every lesson', { skip: noBrowser, timeout: 60_000 }, async () => {
  await page.goto(site.address)
  await page.waitForFunction('crossOriginIsolated')
  for (const name of all) assert.ok((await page.locator(`a[href*="${name}"]`).count()) > 0, name)
})

for (const name of lessons)
  test(`${name}: all cells run`, { skip: noBrowser, timeout: 240_000 }, async (t) => {
    const began = performance.now()
    await open(name)
    const shown = await runAll()
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

test('without a network lessons open and run', { skip: noBrowser, timeout: 240_000 }, async () => {
  await open('01_tokenizer.ipynb')
  await runAll() // upon which what other lessons need is loaded
  await page.waitForFunction(
    `caches.keys().then(async ([name]) => (await (await caches.open(name)).match('${site.address}files/03_config.ipynb')) !== undefined)`,
    undefined,
    { timeout: 60_000, polling: 1000 },
  )
  await site.close()
  await open('03_config.ipynb')
  const shown = await runAll()
  assert.deepEqual(
    shown.filter(({ failed }) => failed),
    [],
  )
})

test('nothing was asked of another server, and nothing that is not there', { skip: noBrowser }, (t) => {
  t.diagnostic(`${(received / 1e6).toFixed(1)} MB received, not compressed`)
  assert.deepEqual(elsewhere, [])
  assert.deepEqual(
    site.missing.filter((path) => !path.startsWith('/static/favicons/')),
    [],
  )
})
