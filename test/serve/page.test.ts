/** The playground in a real browser, on the real command. SCREENSHOTS=FOLDER keeps pictures. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { runHere } from '../cli/run-here.js'
import { noBrowser, openPage } from '../web/browser.js'
import { metricOf } from './mixed-clients.js'
import { makeServeWorld, startServe, type Served, type World } from './world.js'

let world: World
let served: Served
before(async () => {
  if (noBrowser) return
  world = await makeServeWorld()
  served = await startServe(world.model)
})
after(async () => {
  await served?.stop()
  world?.remove()
})

async function sample(page: Page, prompt: string, settings: Record<string, number | string> = {}): Promise<void> {
  await page.fill('#prompt', prompt)
  for (const [id, value] of Object.entries(settings)) await page.fill(`#${id}`, String(value))
  await page.click('#sample')
  await page.waitForSelector('#stop:disabled')
}

async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) })
}

/** A picture is a PNG that is not all of one colour, which would compress to almost nothing. */
async function checkPicture(page: Page): Promise<void> {
  const picture = await page.screenshot()
  assert.equal(picture.subarray(1, 4).toString(), 'PNG')
  assert.ok(picture.length > 10_000, `${picture.length} bytes`)
}

test(
  'the page shows the tokens of the command line, asks its server only, and breaks no policy',
  { skip: noBrowser },
  async (t) => {
    const page = await openPage(t)
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => faults.push(message.text()))
    page.on('request', (request) => {
      if (!request.url().startsWith(served.url) && !request.url().startsWith('data:')) faults.push(request.url())
    })
    await page.goto(served.url)
    await page.waitForSelector('#sample:enabled')
    assert.equal(await page.textContent('h1'), 'tiny')
    const prompt = 'the state of 日本'
    for (const [temperature, topK, seed] of [
      [0.8, 40, 7],
      [0, 0, 0],
      [1.2, 0, 3],
    ]) {
      await sample(page, prompt, { temperature, 'top-k': topK, seed, tokens: 40 })
      const args = ['--temperature', temperature, '--top-k', topK, '--seed', seed, '--max-tokens', 40].map(String)
      const { stdout, stderr, code } = await runHere([
        'sample',
        world.model,
        '--engine',
        'host',
        '--prompt',
        prompt,
        ...args,
      ])
      assert.equal(code, 0, stderr)
      assert.equal(`${await page.textContent('#text')}\n`, stdout)
      assert.match((await page.textContent('#status'))!, /^\d+ tokens, [\d.e+]+ tokens\/s/)
    }
    await page.hover('#text [data-id]:not(:empty)')
    const rows = await page.$$eval('#tip:not([hidden]) tr', (all) => all.map((row) => row.className))
    assert.ok(rows.length === 8 || rows.length === 9)
    assert.equal(rows.filter((name) => name === 'chosen').length, 1)
    await checkPicture(page)
    await keepPicture(page, 'playground')
    assert.deepEqual(faults, [])
  },
)

test('by keyboard alone: sample, read the alternatives, stop', { skip: noBrowser }, async (t) => {
  const page = await openPage(t)
  await page.goto(served.url)
  await page.waitForSelector('#sample:enabled')
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const focused = () => page.evaluate('document.activeElement.id || document.activeElement.className')
  await press('Tab')
  assert.equal(await focused(), 'prompt')
  await page.keyboard.type('peace and')
  await press('Control+Enter')
  await page.waitForSelector('#text .token', { state: 'attached' })
  await page.waitForSelector('#stop:disabled')
  // From the last button to the tokens, and along them.
  await page.focus('#sample')
  await press('Tab')
  assert.equal(await focused(), 'token')
  const index = () => page.evaluate('Number(document.activeElement.dataset.index)') as Promise<number>
  const first = await index()
  assert.equal(await page.isVisible('#tip'), true)
  await press('ArrowRight', 'ArrowRight')
  const later = await index()
  assert.ok(later > first)
  await press('ArrowLeft')
  assert.ok((await index()) < later)
  await press('End')
  await press('Escape')
  assert.equal(await page.isHidden('#tip'), true)
  // Options, with the keyboard too: the summary opens with Enter.
  await page.focus('summary')
  await press('Enter')
  assert.equal(await page.isVisible('#min-p'), true)
  await page.fill('#tokens', '120')
  await page.fill('#temperature', '1.5')
  await page.focus('#prompt')
  await press('Control+Enter')
  await page.waitForSelector('#text .token', { state: 'attached' })
  await press('Escape')
  await page.waitForSelector('#stop:disabled')
  for (let i = 0; i < 100 && (await metricOf(served, 'requests_running')) > 0; i++) await page.waitForTimeout(20)
  assert.equal(await metricOf(served, 'requests_running'), 0)
})

test(
  'on a phone nothing is wider than the screen, and a tap shows the alternatives',
  { skip: noBrowser },
  async (t) => {
    const page = await openPage(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    await page.goto(served.url)
    await page.waitForSelector('#sample:enabled')
    await sample(page, 'the people', { tokens: 60, seed: 2 })
    await page.tap('summary')
    const wide = Number(await page.evaluate('document.documentElement.scrollWidth'))
    assert.ok(wide <= 360, `${wide} wide`)
    await page.tap('summary')
    const tokens = await page.$$('#text .token:not(:empty)')
    await tokens[10].scrollIntoViewIfNeeded()
    await page.waitForTimeout(100)
    await tokens[10].tap()
    assert.equal(await page.isVisible('#tip'), true)
    const box = (await (await page.$('#tip'))!.boundingBox())!
    assert.ok(box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box))
    await checkPicture(page)
    await keepPicture(page, 'phone')
  },
)

test('errors and stop texts: the page says what the server says', { skip: noBrowser }, async (t) => {
  const page = await openPage(t)
  await page.goto(served.url)
  await page.waitForSelector('#sample:enabled')
  await sample(page, 'law '.repeat(200), { tokens: 5 })
  assert.equal(await page.getAttribute('#status', 'class'), 'error')
  assert.match((await page.textContent('#status'))!, /must fit the context of 128 tokens/)
  await page.click('summary')
  await sample(page, 'the state', { tokens: 60, temperature: 1, 'top-k': 0, seed: 4 })
  const text = (await page.textContent('#text'))!
  const stop = Array.from(text.slice('the state'.length)).slice(8, 11).join('')
  await page.fill('#stop-texts', stop.replaceAll('\n', '\\n'))
  await sample(page, 'the state')
  const shorter = (await page.textContent('#text'))!
  assert.equal(shorter, text.slice(0, 'the state'.length + text.slice('the state'.length).indexOf(stop)))
  assert.match((await page.textContent('#status'))!, /the text ends here$/)
  // The page of a server that has gone.
  await page.route('**/v1/completions', (route) => route.abort())
  await sample(page, 'the state')
  assert.equal(await page.textContent('#status'), 'the server cannot be reached. Is it still running?')
})

test('a server with a key: the page asks its reader for it', { skip: noBrowser }, async (t) => {
  const withKey = await startServe(world.model, [], { NEOMESH_API_KEY: 'a-key' })
  try {
    const page = await openPage(t)
    await page.goto(withKey.url)
    await page.waitForSelector('#key-field:not([hidden])')
    assert.equal(await page.textContent('#status'), 'This server needs its key.')
    await page.fill('#key', 'another')
    await page.keyboard.press('Tab')
    await page.waitForSelector('#status.error')
    await page.fill('#key', 'a-key')
    await page.keyboard.press('Tab')
    await page.waitForSelector('#sample:enabled')
    await sample(page, 'the', { tokens: 4 })
    assert.equal((await page.$$('#text .token')).length > 0, true)
    assert.doesNotMatch(withKey.stdout() + withKey.stderr(), /a-key/)
  } finally {
    await withKey.stop()
  }
})
