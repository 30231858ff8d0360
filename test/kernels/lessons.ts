/** The site's lessons in JupyterLite's pages, driven as a student does. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

/** Small enough that a lesson takes seconds; lessons have no others. */
export const PARAMETERS: Readonly<Record<string, string | number>> = {
  texts: 40,
  vocabSize: 512,
  steps: 3,
  tuningSteps: 2,
  paritySteps: 2,
  memorySteps: 2,
}

/** The same, in the address of a notebook. */
export const query = Object.entries(PARAMETERS)
  .map(([name, value]) => `&param.${name}=${value}`)
  .join('')

export interface Shown {
  readonly prompt: string
  readonly text: string
  readonly failed: boolean
}

/** How JupyterLab marks errors, and what was written to stderr, which no lesson does. */
const ERROR = '[data-mime-type="application/vnd.jupyter.stderr"]'

/** In the page: whether all cells have run, or one has failed. */
export const HAS_RUN = `(() => {
  const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map((prompt) => prompt.textContent)
  const failed = document.querySelector('.jp-CodeCell ${ERROR}')
  return !prompts.some((text) => text.includes('*')) && (failed || prompts.every((text) => /\\d/.test(text)))
})()`

/** In the page: takes the numbers from all cells. */
const CLEAR_PROMPTS = `document.querySelectorAll('.jp-CodeCell .jp-InputPrompt').forEach((prompt) => (prompt.textContent = ' '))`

/** In the page: what the cells show now. */
export const SHOWN = `[...document.querySelectorAll('.jp-CodeCell')].map((cell) => ({
  prompt: cell.querySelector('.jp-InputPrompt').textContent,
  text: [...cell.querySelectorAll('.jp-OutputArea-output')].map((output) => output.innerText).join('\\n'),
  failed: cell.querySelector('${ERROR}') !== null,
}))`

export interface LessonPage {
  /** Opens a notebook of the site in one of JupyterLite's pages. */
  open(name: string, app?: 'notebooks' | 'lab'): Promise<void>
  /** Waits until the kernel is there. */
  idle(): Promise<void>
  /** Begins to run all cells of the open notebook, in a new kernel. */
  start(): Promise<void>
  /** Runs all cells of the open notebook; what they show then. */
  runAll(): Promise<Shown[]>
  /** What the cells show now. */
  shown(): Promise<Shown[]>
}

export function lessonPage(page: Page, address: string): LessonPage {
  const idle = () => page.getByText('TypeScript (neomesh)').first().waitFor()
  const menu = async (name: string, item: RegExp) => {
    await page.getByRole('menuitem', { name, exact: true }).click()
    await page.getByRole('menuitem', { name: item }).click()
  }
  const shown = (): Promise<Shown[]> => page.evaluate(SHOWN)
  const start = async () => {
    // A notebook is saved with the numbers of its last run, which must not be taken for those of this one.
    await page.evaluate(CLEAR_PROMPTS)
    await menu('Kernel', /^Restart Kernel and Run All Cells/)
    await page.locator('.jp-Dialog .jp-mod-accept').click()
  }
  return {
    async open(name, app = 'notebooks') {
      await page.goto(`${address}${app}/index.html?path=${name}${query}`)
      await page.waitForFunction('crossOriginIsolated')
      await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor()
      await idle()
    },
    idle,
    start,
    shown,
    async runAll() {
      await start()
      await page.waitForFunction(HAS_RUN, undefined, { timeout: 200_000, polling: 500 })
      return shown()
    },
  }
}

/** Adds a notebook to a site, as `neomesh site` adds the lessons. */
export function addNotebook(site: string, name: string, sources: readonly string[]): void {
  const cells = sources.map((source) => ({
    ...{ cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null },
  }))
  const kernelspec = { name: 'neomesh', display_name: 'TypeScript (neomesh)', language: 'typescript' }
  const text = JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 4 })
  writeFileSync(join(site, 'files', name), text)
  const list = join(site, 'extensions/neomesh-kernel/static/files.json')
  const { packs } = JSON.parse(readFileSync(list, 'utf8')) as { packs: object[] }
  const pack = { url: `../../../files/${name}`, files: [{ path: `/${name}`, size: Buffer.byteLength(text) }] }
  writeFileSync(list, JSON.stringify({ packs: [...packs, pack] }))
}
