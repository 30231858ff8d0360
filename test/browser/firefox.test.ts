/** The library in Firefox, which needs no driver: a page runs the cases and sends what they return. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import * as files from '../../src/files/index.js'
import * as neomesh from '../../src/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { lesson, texts, type Trained } from './lesson.js'
import { makeSite, model, runInWorker } from './world.js'

const firefox = ['/usr/bin/firefox', '/usr/bin/firefox-esr'].find((path) => existsSync(path))
const steps = 8

const script = `
  const send = (name, result) => fetch('/' + name, { method: 'POST', body: JSON.stringify(result) })
  const options = { folder: 'runs/test', model: 'configs/models/notebook.json', steps: ${steps}, texts: ${JSON.stringify(texts)} }
  for (const name of ['suite', 'lesson'])
    await (${runInWorker})(name, options, () => {}).then((result) => send(name, result), (error) => send('failed', String(error)))
  await send('end', null)`

test(
  'Firefox keeps the promises of files and has the losses of Node',
  { skip: firefox === undefined && 'firefox is not installed', timeout: 5 * 60_000 },
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

/** Opens the page of a folder; resolves with what it sent, by name, once it has sent `end`. */
async function runFirefox(t: TestContext, folder: string): Promise<Map<string, unknown>> {
  const results = new Map<string, unknown>()
  const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname
    if (request.method === 'POST') {
      void text(request).then((body) => {
        results.set(path.slice(1), JSON.parse(body))
        response.end()
        if (path === '/end') server.emit('ended')
      })
      return
    }
    const file = join(folder, path === '/' ? 'index.html' : path)
    if (!existsSync(file)) return void response.writeHead(404).end()
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const profile = mkdtempSync(join(tmpdir(), 'neomesh-firefox-'))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
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
