/** A page of a static server on which a worker has the library's browser bundle. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { writeSiteFiles } from '../../src/browser/pack.js'
import { openPage, serve } from '../web/browser.js'

const dist = fileURLToPath(new URL('../../../dist/', import.meta.url))

/** The config of the lesson's model, in Node. */
export const model = join(dist, '../configs/models/notebook.json')

export interface World {
  readonly page: Page
  /** Runs a function of cases.ts in a new worker, which ends afterwards, unless it has the option `stays`. */
  run(name: string, options?: Record<string, unknown>): Promise<unknown>
  /** Begins one, and reloads the page once it has reported this step. */
  reloadAtStep(step: number, name: string, options: Record<string, unknown>): Promise<void>
  /** Addresses that the page and its workers asked for. */
  readonly asked: string[]
  /** Addresses of other origins that they asked for. */
  readonly elsewhere: string[]
}

/** A folder with the bundle, the worker, what a site serves, and this script in its page. It is gone after the test. */
export async function makeSite(test: TestContext, script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-site-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(dist, 'browser'), folder, { recursive: true })
  cpSync(join(dist, 'test/browser'), folder, { recursive: true })
  const head = '<!doctype html><title>test</title><link rel="icon" href="data:,">'
  writeFileSync(join(folder, 'index.html'), `${head}<script type="module">${script}</script>`)
  await writeSiteFiles(folder)
  return folder
}

/** Source of a function that runs a function of cases.ts in a new worker. */
export const runInWorker = `(name, options, onStep) => new Promise((resolve, reject) => {
    const worker = new Worker('./worker.js', { type: 'module' })
    worker.onerror = (event) => reject(new Error(event.message))
    worker.onmessage = ({ data }) => {
      if (data.ready) worker.postMessage({ name, options })
      else if (data.step !== undefined) onStep(data.step)
      else if (data.html !== undefined) document.body.innerHTML = data.html
      else {
        if (!options.stays) worker.terminate()
        if (options.stays) window.lastWorker = worker
        if (data.error) reject(new Error(data.error)); else resolve(data.result)
      }
    }
  })`

export async function openWorld(test: TestContext, headers: Readonly<Record<string, string>> = {}): Promise<World> {
  const folder = await makeSite(test, '')
  const { address, asked } = await serve(test, folder, headers)
  const page = await openPage(test)
  page.on('console', (message) => message.type() === 'error' && console.log('page:', message.text()))
  const elsewhere: string[] = []
  page.context().on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(address)) elsewhere.push(request.url())
  })
  await page.goto(address)
  const text = (value: unknown) => JSON.stringify(value)
  return {
    page,
    asked,
    elsewhere,
    run: (name, options = {}) => page.evaluate(`(${runInWorker})(${text(name)}, ${text(options)}, () => {})`),
    async reloadAtStep(step, name, options) {
      await page.evaluate(
        `new Promise((reached, failed) => {
          (${runInWorker})(${text(name)}, ${text(options)}, (at) => at === ${step} && reached()).catch(failed)
        })`,
      )
      await page.reload()
    },
  }
}
