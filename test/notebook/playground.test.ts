import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { openHost } from '../../src/engine/host/engine.js'
import { loadModel } from '../../src/generate/index.js'
import { DISPLAY, playground } from '../../src/notebook/index.js'
import { makeServeWorld } from '../serve/world.js'
import { noBrowser, openPage } from '../web/browser.js'

test('a playground is one server per model, shown in a frame, and closes', async (t) => {
  const world = await makeServeWorld()
  t.after(() => world.remove())
  const model = await loadModel(openHost(), world.model)
  const shown = await playground(model, { height: 500 })
  const again = await playground(model)
  assert.equal(again.url, shown.url)
  const { 'text/html': html, 'text/plain': plain } = shown[DISPLAY]() as Record<string, string>
  assert.match(html, new RegExp(`^<iframe src="${shown.url}/" title="playground".*height: 500px`))
  assert.equal(plain, `the playground is at ${shown.url}`)
  assert.equal((await fetch(`${shown.url}/health`)).status, 200)
  await shown.close()
  await assert.rejects(fetch(`${shown.url}/health`))
  const fresh = await playground(model)
  await fresh.close()
  await assert.rejects(playground(model, { port: -1 }), /^RangeError: port must be/)
})

test(
  'in a page of another server on this machine, as a notebook is, the frame works',
  { skip: noBrowser },
  async (t) => {
    const world = await makeServeWorld()
    t.after(() => world.remove())
    const shown = await playground(await loadModel(openHost(), world.model))
    t.after(() => shown.close())
    const { 'text/html': html } = shown[DISPLAY]() as Record<string, string>
    const notebook = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html))
    await new Promise<void>((resolve) => notebook.listen(0, '127.0.0.1', resolve))
    t.after(() => void notebook.close())
    const page = await openPage(t)
    await page.goto(`http://localhost:${(notebook.address() as AddressInfo).port}/`)
    const frame = page.frameLocator('iframe')
    await frame.locator('#sample:enabled').waitFor()
    await frame.locator('#prompt').fill('the people')
    await frame.locator('#tokens').fill('8')
    await frame.locator('#sample').click()
    await frame.locator('#text .token').first().waitFor({ state: 'attached' })
  },
)
