/**
 * Notebook 04 in a real browser, as a person has it: opened in JupyterLab, all of it run. UPDATE_SCREENSHOT=1 has it run
 * with the steps that it has, and writes the picture that the README shows.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser, openPage } from '../web/browser.js'
import { root } from './client.js'
import { noLab, startLab } from './lab.js'

const NAME = '04_training.ipynb'
const updates = process.env.UPDATE_SCREENSHOT === '1'
const steps = updates ? 300 : 60
/** For the sample, in minutes. A picture is no measurement. */
const patience = updates ? 15 : 5
const minutes = (count: number) => count * 60_000

test(
  'notebook 04 in JupyterLab: a curve that moves, a sample, no error, and nothing asked of the network',
  { skip: noBrowser || noLab, timeout: minutes(20) },
  async (t) => {
    const lab = await startLab(t, [NAME], { steps: String(steps) })
    const file = join(lab.notebooks, NAME)
    const asItWas = readFileSync(file, 'utf8')
    const page = await openPage(t, { viewport: { width: 1400, height: 1080 } })
    const asked: string[] = []
    const wrong: string[] = []
    page.context().on('request', (request) => asked.push(request.url()))
    page.on('websocket', (socket) => asked.push(socket.url()))
    page.on('pageerror', (error) => wrong.push(error.stack ?? error.message))

    await page.goto(`${lab.address}lab/tree/${NAME}?token=${lab.token}`)
    await page.getByText('TypeScript (neomesh) | Idle').waitFor()
    await page.getByRole('menuitem', { name: 'Run', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Run All Cells', exact: true }).click()
    const began = performance.now()
    const seconds = () => (performance.now() - began) / 1000

    const seen: Curve[] = []
    while (seen.length < 3) {
      const now = await within(page, minutes(2) - (performance.now() - began), 'a moving curve', curveOf)
      if (now.points > (seen.at(-1)?.points ?? 0)) seen.push(now)
      await sleep(300)
    }
    t.diagnostic(
      `a curve of ${seen.map(({ points }) => points).join(', ')} points, ${seconds().toFixed(0)} s after "Run All Cells"`,
    )
    for (const [i, { points, drawn }] of seen.entries()) {
      assert.ok(points < steps, 'the curve is there only when the training is over')
      assert.ok(i === 0 || drawn !== seen[i - 1].drawn, `what is drawn of ${points} points is what was drawn before`)
    }

    const sample = await within(page, minutes(patience) - (performance.now() - began), 'a sample', sampleOf)
    t.diagnostic(`a sample after ${seconds().toFixed(0)} s: ${JSON.stringify(sample.slice(0, 80))}`)

    await within(page, minutes(2), 'the end', async () => {
      const prompts = await page.locator('.jp-CodeCell .jp-InputPrompt').allTextContents()
      return prompts.every((prompt) => /^\[\d+\]:$/.test(prompt)) || null
    })
    t.diagnostic(`all cells had run after ${seconds().toFixed(0)} s`)
    assert.equal(await page.locator('.jp-mod-outputsScrolled').count(), 0, 'an output has a scroll bar of its own')
    const curve = page.locator('.neomesh-plotly').first()
    const before = (await curve.boundingBox())!
    await page.keyboard.press('ControlOrMeta+b') // the list of files goes, and there is more room
    await within(page, minutes(1), 'a wider curve', async () => {
      const { width, height } = (await curve.locator('.main-svg').first().boundingBox()) ?? before
      return (width > before.width + 100 && height === before.height) || null
    })
    if (updates) await takePicture(page)

    await page.getByRole('menuitem', { name: 'File', exact: true }).click()
    await page.locator('.lm-Menu [data-command="docmanager:save"]').click()
    await within(page, minutes(1), `the notebook saved, its curve with all ${steps} steps`, async () => {
      const saved = readFileSync(file, 'utf8')
      return (saved !== asItWas && pointsIn(saved) === steps) || null
    })

    assert.deepEqual(wrong, [])
    assert.deepEqual(
      asked.filter((url) => !isLocal(url, lab.address)),
      [],
      'something was asked of another server',
    )
  },
)

interface Curve {
  readonly points: number
  /** The line of the first series, as SVG has it. */
  readonly drawn: string
}

/** The curve, as soon as its line is drawn. */
async function curveOf(page: Page): Promise<Curve | null> {
  const plot = page.locator('.neomesh-plotly').first()
  if ((await plot.count()) === 0) return null
  await plot.scrollIntoViewIfNeeded()
  const line = plot.locator('.scatterlayer .trace path.js-line').first()
  if ((await line.count()) === 0) return null
  const points = await plot.evaluate((node) => (node as unknown as { data: { x: unknown[] }[] }).data[0].x.length)
  return { points, drawn: (await line.getAttribute('d')) ?? '' }
}

const PROMPT = 'My fellow citizens,'

/** The text that the model has written, when it is some words long. */
async function sampleOf(page: Page): Promise<string | null> {
  const text = page.locator('.jp-OutputArea-output:has(b:text-is("A sample")) pre')
  if ((await text.count()) === 0) return null
  const shown = (await text.textContent()) ?? ''
  assert.ok(shown.startsWith(PROMPT), shown)
  return shown.length > PROMPT.length + 100 ? shown : null
}

/** Looks until there is something, for so many ms; an error in a cell ends it. */
async function within<T>(page: Page, time: number, what: string, look: (page: Page) => Promise<T | null>): Promise<T> {
  const end = performance.now() + time
  while (performance.now() < end) {
    const errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]')
    if ((await errors.count()) > 0) assert.fail(`a cell failed:\n${(await errors.allTextContents()).join('\n')}`)
    const found = await look(page)
    if (found !== null) return found
    await sleep(200)
  }
  assert.fail(`${what} did not come in time`)
}

/** The cell that trains, its curve and the sample below. */
async function takePicture(page: Page): Promise<void> {
  await page.setViewportSize({ width: 1400, height: 1270 })
  await page.mouse.move(0, 0)
  await page.locator('.jp-CodeCell', { hasText: 'neo.train({' }).evaluate((cell: Scrolled) => cell.scrollIntoView())
  await sleep(500)
  await page.screenshot({ path: join(root, 'docs/images/notebook-04.png') })
}
type Scrolled = { scrollIntoView(): void }

/** Points of the first series of the first figure in a notebook; undefined while Jupyter is still writing the file. */
function pointsIn(notebook: string): number | undefined {
  if (!notebook.trimEnd().endsWith('}')) return undefined
  const { cells } = JSON.parse(notebook) as { cells: { outputs?: { data?: Record<string, any> }[] }[] }
  const figures = cells.flatMap(({ outputs = [] }) =>
    outputs.map(({ data }) => data?.['application/vnd.plotly.v1+json']),
  )
  return figures.find((figure) => figure !== undefined)?.data[0].x.length
}

function isLocal(url: string, address: string): boolean {
  const { protocol, host } = new URL(url)
  return host === new URL(address).host || protocol === 'data:' || protocol === 'blob:'
}
