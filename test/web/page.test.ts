/** The exported page in a real browser. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadTokenizer } from '../../src/tokenizer/index.js'
import { exportWeb } from '../../src/web/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { noBrowser, openPage, serve } from './browser.js'
import { idsOf, sample, samplerInNode } from './samples.js'
import { makeModel } from './world.js'

const CONFIG = {
  n_vocab: 320,
  n_ctx: 64,
  n_embd: 24,
  n_head: 3,
  n_layer: 3,
  attention_types: [[['global', 'local', 'local'], 1]],
  local_attention_radius: 5,
}

async function exported(test: TestContext, changes: Record<string, unknown> = {}) {
  const world = temporaryFolder(test)
  const model = await makeModel(world, { ...CONFIG, ...changes })
  const folder = join(world, 'page')
  await exportWeb(model, folder)
  return { model, folder }
}

test('the page makes the ids and the text that Node makes, from its own files only', { skip: noBrowser }, async (t) => {
  const { model, folder } = await exported(t)
  const { address, asked } = await serve(t, folder)
  const page = await openPage(t)
  const errors: string[] = []
  const elsewhere: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => errors.push(message.text()))
  page.on('request', (request) => {
    const inside = [address, `blob:${address}`, 'data:'].some((start) => request.url().startsWith(start))
    if (!inside) elsewhere.push(request.url())
  })
  await page.goto(address)
  await page.waitForSelector('#sample:enabled')

  const inNode = await samplerInNode(model)
  const tokenizer = await loadTokenizer(join(model, 'tokenizer.json'))
  const cases = [
    { prompt: 'the state of 日本', temperature: 0.8, topK: 40, seed: 7, maxTokens: 30 },
    { prompt: 'the state of 日本', temperature: 0.8, topK: 40, seed: 8, maxTokens: 30 },
    { prompt: '', temperature: 1.3, topK: 0, seed: 4294967296, maxTokens: 100 },
    { prompt: 'peace and', temperature: 0, topK: 0, seed: 0, maxTokens: 12 },
  ]
  for (const { prompt, ...options } of cases) {
    await sample(page, prompt, options)
    const ids = await inNode(prompt, options)
    assert.ok(ids.length > 5)
    assert.deepEqual(await idsOf(page), ids)
    const known = ids.filter((id) => id < tokenizer.vocabSize && id !== tokenizer.idOf('<|endoftext|>'))
    assert.equal(await page.textContent('#text'), prompt + tokenizer.decode(known))
    assert.match((await page.textContent('#status'))!, new RegExp(`^${ids.length} tokens, [\\d.e+]+ tokens/s$`))
  }
  assert.deepEqual([errors, elsewhere], [[], []])
  assert.ok(asked.includes('/weights.safetensors'))
})

test('neither the page nor its worker may reach another server', { skip: noBrowser }, async (t) => {
  const { folder } = await exported(t)
  const { address } = await serve(t, folder)
  const other = await serve(t, folder)
  const page = await openPage(t)
  await page.goto(address)
  await page.waitForSelector('#sample:enabled')
  const [worker] = page.workers()
  const mayFetch = (url: string) => `fetch('${url}', { mode: 'no-cors' }).then(() => true, () => false)`
  for (const evaluate of [(code: string) => page.evaluate(code), (code: string) => worker.evaluate(code)]) {
    assert.equal(await evaluate(mayFetch(`${address}model.json`)), true)
    assert.equal(await evaluate(mayFetch(`${other.address}model.json`)), false)
  }
  const refused = (await page.evaluate(`(async (elsewhere) => {
    const found = []
    document.addEventListener('securitypolicyviolation', (event) => found.push(event.effectiveDirective))
    for (const [tag, attribute] of Object.entries({ img: 'src', script: 'src', iframe: 'src', form: 'action' }))
      document.body.append(Object.assign(document.createElement(tag), { [attribute]: elsewhere + tag }))
    document.querySelector('form[action]').submit()
    navigator.sendBeacon(elsewhere + 'beacon', 'a prompt')
    new WebSocket(elsewhere.replace('http', 'ws')).onerror = () => {}
    await new Promise((resolve) => setTimeout(resolve, 500))
    return found
  })('${other.address}')`)) as string[]
  const directives = ['connect-src', 'connect-src', 'form-action', 'frame-src', 'img-src', 'script-src-elem']
  assert.deepEqual(refused.sort(), directives)
  assert.deepEqual(other.asked, [])
})

test('a token that is pointed at shows its probability and the most likely ones', { skip: noBrowser }, async (t) => {
  const { folder } = await exported(t)
  const { address } = await serve(t, folder)
  const page = await openPage(t)
  await page.goto(address)
  await page.waitForSelector('#sample:enabled')
  await sample(page, 'peace and', { temperature: 0, maxTokens: 12 })
  await page.hover('#text [data-id]:not(:empty)')
  const rows = await page.$$eval('#tip:not([hidden]) tr', (all) =>
    all.map((row) => ({ chosen: row.className === 'chosen', text: row.children[1].textContent! })),
  )
  assert.equal(rows.length, 8)
  // At temperature 0 the most likely token is taken.
  assert.deepEqual(
    rows.map(({ chosen }) => chosen),
    rows.map((_, i) => i === 0),
  )
  const parts = rows.map(({ text }) => parseFloat(text))
  assert.deepEqual(
    parts,
    parts.toSorted((a, b) => b - a),
  )
  assert.match((await page.textContent('#tip'))!, new RegExp(`^${rows[0].text}, the most likely`))
  await page.hover('h1')
  assert.equal(await page.isHidden('#tip'), true)
  await page.tap('#text [data-id]:not(:empty)')
  assert.equal(await page.isVisible('#tip'), true)
})

test('Stop ends a sample; errors are shown in the page', { skip: noBrowser }, async (t) => {
  const { folder } = await exported(t, { n_ctx: 4096 })
  const { address } = await serve(t, folder)
  const page = await openPage(t)
  await page.goto(address)
  await page.waitForSelector('#sample:enabled')
  await page.fill('#prompt', '')
  await page.fill('#temperature', '0')
  await page.fill('#tokens', '4000')
  await page.click('#sample')
  await page.waitForSelector('#text [data-id]')
  await page.click('#stop')
  await page.waitForSelector('#stop:disabled')
  const count = (await idsOf(page)).length
  assert.ok(count > 0 && count < 4000, `${count} tokens`)
  assert.equal(await page.isEnabled('#sample'), true)

  await page.route('**/weights.safetensors', (route) => route.fulfill({ status: 404 }))
  await page.reload()
  await page.waitForSelector('#status.error')
  assert.match((await page.textContent('#status'))!, /^cannot load weights.safetensors: 404/)
  await page.goto(`file://${folder}/index.html`)
  assert.match((await page.textContent('#status'))!, /Serve this folder/)
})

test('of a prompt longer than the context the end is used, which the page says', { skip: noBrowser }, async (t) => {
  const { folder } = await exported(t, { n_ctx: 16 })
  const { address } = await serve(t, folder)
  const page = await openPage(t)
  await page.goto(address)
  await page.waitForSelector('#sample:enabled')
  await sample(page, 'war '.repeat(50), { seed: 1, maxTokens: 4 })
  assert.equal((await idsOf(page)).length, 4)
  assert.match((await page.textContent('#status'))!, /; the first \d+ tokens of the prompt do not fit the context$/)
  await sample(page, 'war', { seed: 1, maxTokens: 4 })
  assert.match((await page.textContent('#status'))!, /tokens\/s$/)
})
