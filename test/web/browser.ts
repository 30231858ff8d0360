/** A real browser for tests, and a static server for it. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { chromium, type BrowserContextOptions, type Page } from 'playwright-core'

const places = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`)

/** A browser of this machine; undefined if it has none where they usually are, and CHROME_PATH names none. */
export const browserPath = [process.env.CHROME_PATH ?? '', ...places].find((path) => existsSync(path))

/** Why the tests of this file are skipped, or false. */
export const noBrowser = browserPath === undefined && `no ${places.join(', no ')}, and CHROME_PATH names no browser`

/** A new page. The browser is gone after the test. `flags` are of Chromium; without any it has no GPU. */
export async function openPage(
  test: TestContext,
  options: BrowserContextOptions = { viewport: { width: 1000, height: 900 }, hasTouch: true },
  flags: readonly string[] = ['--disable-gpu'],
): Promise<Page> {
  const features = ['quic', 'background-networking', 'component-update', 'sync']
  const args = ['--no-sandbox', '--no-first-run', ...features.map((name) => `--disable-${name}`), ...flags]
  const browser = await chromium.launch({ executablePath: browserPath, args })
  test.after(() => browser.close())
  const page = await browser.newPage(options)
  page.setDefaultTimeout(60_000)
  return page
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** Headers that isolate a page, so that it may share memory with threads. */
export const ISOLATED: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

/** Serves a folder until the test is over; returns its address and the paths asked for. */
export async function serve(
  test: TestContext,
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer(({ url }, response) => {
    const path = new URL(url!, 'http://localhost').pathname
    asked.push(path)
    const file = join(folder, path === '/' ? 'index.html' : path)
    if (!existsSync(file)) return void response.writeHead(404).end()
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.after(() => void server.close())
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked }
}
