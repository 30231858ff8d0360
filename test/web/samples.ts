/** Samples of the page, and what Node makes of the same settings. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { openHost } from '../../src/engine/host/engine.js'
import { generate, loadModel } from '../../src/generate/index.js'
import { loadTokenizer } from '../../src/tokenizer/index.js'

export interface Settings {
  readonly temperature?: number
  readonly topK?: number
  readonly seed?: number
  readonly maxTokens?: number
}

/** Fills the form, samples and waits for the end. */
export async function sample(page: Page, prompt: string, settings: Settings): Promise<void> {
  const { temperature = 1, topK = 0, seed = 0, maxTokens = 100 } = settings
  await page.fill('#prompt', prompt)
  for (const [id, value] of Object.entries({ temperature, 'top-k': topK, seed, tokens: maxTokens }))
    await page.fill(`#${id}`, String(value))
  await page.click('#sample')
  await page.waitForSelector('#stop:disabled')
}

/** The ids in the page. */
export function idsOf(page: Page): Promise<number[]> {
  return page.$$eval('#text [data-id]', (tokens) => tokens.map((token) => Number(token.getAttribute('data-id'))))
}

/** Samples a checkpoint on the engine host in this process. */
export async function samplerInNode(model: string): Promise<(prompt: string, settings: Settings) => Promise<number[]>> {
  const loaded = await loadModel(openHost(), model)
  const tokenizer = await loadTokenizer(join(model, 'tokenizer.json'))
  const eos = tokenizer.idOf('<|endoftext|>')!
  return async (prompt, settings) => {
    const given = prompt === '' ? [eos] : Array.from(tokenizer.encode(prompt))
    const ids: number[] = []
    for await (const [id] of generate(loaded, [given], { stopIds: [eos], ...settings })) ids.push(id!)
    return ids
  }
}
