/** Firefox for tests. It needs no driver: a page of the site does the work, and sends what it found to the server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

const firefox = ['/usr/bin/firefox', '/usr/bin/firefox-esr'].find((path) => existsSync(path))

/** Why tests in Firefox are skipped, or false. */
export const noFirefox = firefox === undefined && 'firefox is not installed'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
}

/**
 * Serves a folder and opens its page `start`. Resolves with what pages have sent, by name (POST /sent/NAME, JSON), once one has
 * sent `end`.
 */
export async function runFirefox(
  t: Pick<TestContext, 'after'>,
  folder: string,
  start = '',
): Promise<Map<string, unknown>> {
  const results = new Map<string, unknown>()
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname)
    if (request.method === 'POST') {
      void text(request).then((body) => {
        const name = path.replace('/sent/', '')
        results.set(name, JSON.parse(body))
        response.end()
        if (name === 'end') server.emit('ended')
      })
      return
    }
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path)
    if (!existsSync(file)) return void response.writeHead(404).end()
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const profile = mkdtempSync(join(tmpdir(), 'neomesh-firefox-'))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${start}`
  const browser = spawn(firefox!, ['--headless', '--no-remote', '--profile', profile, address], { stdio: 'ignore' })
  t.after(async () => {
    if (browser.exitCode === null) {
      browser.kill()
      await once(browser, 'exit')
    }
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  await once(server, 'ended')
  return results
}
