/** The engine on a GPU, in Chromium, whose software adapter stands for one: right, if slow. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { browserBuild } from '../../../src/browser/bundle.js'
import { temporaryFolder } from '../../files/temporary-folder.js'
import { noBrowser, openPage, serve } from '../../web/browser.js'
import { NAMES } from '../host/cases.js'
import { SEED } from '../host/random.js'
import type { Compared } from './page.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const ADAPTER = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']
const NO_ADAPTER = 'this browser has no WebGPU adapter in software'

const endings: (() => unknown)[] = []
const scope = { after: (end: () => unknown) => void endings.push(end) } as TestContext
let page: Page
let missing: string | false = noBrowser

before(async () => {
  if (noBrowser) return
  const folder = temporaryFolder(scope)
  const { outputFiles } = await build({
    ...browserBuild({ version: 'test', root }),
    entryPoints: [join(root, 'dist/test/engine/webgpu/page.js')],
    format: 'iife',
    globalName: 'tests',
    write: false,
    logLevel: 'error',
  })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'tests.js'), outputFiles[0].text)
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script src="tests.js"></script>')
  const { address } = await serve(scope, folder)
  page = await openPage(scope, {}, ADAPTER)
  await page.goto(address)
  if (!(await page.evaluate('tests.hasAdapter()'))) missing = NO_ADAPTER
})

after(async () => {
  for (const end of endings.reverse()) await end()
})

/** A test that calls a function of page.ts. */
function inPage(name: string, run: (t: TestContext) => Promise<void>): void {
  test(name, { skip: noBrowser, timeout: 120_000 }, (t) => (missing ? t.skip(missing) : run(t)))
}

const call = <R>(name: string, ...given: readonly unknown[]): Promise<R> =>
  page.evaluate(`tests.${name}(${given.map((x) => JSON.stringify(x)).join(', ')})`)

const COUNT = Number(process.env.NEOMESH_USES ?? 8)

for (const gradients of [false, true])
  inPage(`every primitive: ${COUNT} random ${gradients ? 'gradients' : 'uses'}, as on the host`, async () => {
    for (const [i, name] of NAMES.entries())
      assert.deepEqual(await call('check', name, COUNT, SEED * 1000 + i, gradients), [], `SEED=${SEED}`)
  })

const small = { n_vocab: 256, n_ctx: 32, n_embd: 32, n_head: 4, n_layer: 2, train_batch_size: 4 }
const base = { ...small, lr: 1e-3, warmup_steps: 0, train_steps: 100 }
const MODELS: Readonly<Record<string, Record<string, unknown>>> = {
  'global and local': { attention_types: [[['global', 'local'], 1]], local_attention_radius: 5, rotary_emb: true },
  'linear, recomputed, with dropout': { attention_types: [[['linear'], 2]], recompute_grad: true, res_dropout: 0.1 },
  'a mixture of experts': {
    attention_types: [[['global'], 2]],
    moe_layers: [1],
    moe_params: { moe_num_experts: 3, moe_hidden_size: 16, moe_group_size: 16 },
  },
  'Mamba-2': { attention_types: [[['mamba2'], 2]] },
}

for (const [name, keys] of Object.entries(MODELS))
  inPage(`${name}: losses, gradient norms and sampled ids are the host's, and no array stays`, async (t) => {
    const { losses, norms, sampled, milliseconds, left } = await call<Compared>('train', { ...base, ...keys }, 5)
    const off = [losses, norms].map(([theirs, mine]) => Math.max(...mine.map((x, i) => Math.abs(x - theirs[i]))))
    t.diagnostic(`losses and gradient norms differ by ${off.map((x) => x.toExponential(1)).join(' and ')}`)
    t.diagnostic(`a step takes ${milliseconds.map((x) => x.toFixed(0)).join(' and ')} ms`)
    assert.ok(Math.max(...off) < 1e-4)
    assert.ok(new Set(losses[1]).size === losses[1].length, 'each step changes the model')
    assert.deepEqual(sampled[1], sampled[0])
    assert.equal(left, 0)
  })

inPage('an adapter that computes on the processor is not chosen, and the reason says so', async () => {
  const { engine, reason } = await call<{ engine: string | null; reason: string }>('choose', false)
  assert.deepEqual([engine, reason], [null, 'WebGPU has no GPU here, only the processor'])
})

inPage('a GPU that is right but slower is not chosen', async () => {
  const { engine, reason } = await call<{ engine: string | null; reason: string }>('choose', true)
  assert.equal(engine, null)
  assert.match(reason, /^webgpu on .* is only 0\.\d times as fast as host$/)
})

inPage('a GPU that is taken away is told in one line, and another one can be opened', async () => {
  const { error, again } = await call<{ error: string; again: number }>('loseGpu')
  assert.match(
    error,
    /^EngineError: the GPU must stay with the page .*\. Open the engine again, or use the engine host\.$/,
  )
  assert.equal(again, 3)
})
