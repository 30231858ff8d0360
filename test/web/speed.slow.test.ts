/** A model of the demo's size in the page: the ids of Node, at a pace to read along. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exportWeb } from '../../src/web/index.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { noBrowser, openPage, serve } from './browser.js'
import { idsOf, sample, samplerInNode } from './samples.js'
import { makeModel } from './world.js'

const DEMO = fileURLToPath(new URL('../../../configs/models/demo.json', import.meta.url))
const WANTED = 20

test("a model of the demo's size samples 20 tokens a second or more", { skip: noBrowser }, async (t) => {
  const world = temporaryFolder(t)
  const model = await makeModel(world, JSON.parse(readFileSync(DEMO, 'utf8')))
  await exportWeb(model, join(world, 'page'))
  const { address } = await serve(t, join(world, 'page'))
  const page = await openPage(t)
  await page.goto(address)
  await page.waitForSelector('#sample:enabled')
  // The best of three, for other tests run at the same time.
  const rates: number[] = []
  for (let seed = 0; seed < 3 && !(rates.at(-1)! >= WANTED); seed++) {
    await sample(page, 'the state of peace', { temperature: 0.8, topK: 40, seed, maxTokens: 150 })
    rates.push(Number(/, (\S+) tokens\/s$/.exec((await page.textContent('#status'))!)![1]))
  }
  t.diagnostic(`tokens/s: ${rates.join(', ')}`)
  assert.ok(Math.max(...rates) >= WANTED, `${rates.join(', ')} tokens/s`)
  const settings = { temperature: 0.8, topK: 40, seed: rates.length - 1, maxTokens: 150 }
  assert.deepEqual(await idsOf(page), await (await samplerInNode(model))('the state of peace', settings))
})
