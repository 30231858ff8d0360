/** The kernel in a browser against the kernel in Node: the same cells, the same texts. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser, openPage } from '../web/browser.js'
import { buildSite, openKernel, serveSite, type PageKernel, type PageRun } from './classroom.js'
import { startKernel, type CellRun, type TestKernel } from './client.js'
import { noLab } from './lab.js'

const skip = noBrowser || noLab
/** What ends with the file: a hook of `before` would end with it. */
const endings: (() => unknown)[] = []
const scope = { after: (end: () => unknown) => void endings.push(end) } as TestContext
let node: TestKernel
let browser: PageKernel
let page: Page
/** Requests to other servers. */
const elsewhere: string[] = []

before(async () => {
  if (skip) return
  const { address } = await serveSite(scope, await buildSite(scope))
  page = await openPage(scope)
  page.context().on('request', (request) => {
    if (/^(https?|wss?):/.test(request.url()) && !request.url().startsWith(address)) elsewhere.push(request.url())
  })
  browser = await openKernel(page, address, 'param.steps=17')
  node = await startKernel(mkdtempSync(join(tmpdir(), 'neomesh-')), { NEOMESH_PARAM_steps: '17' })
})
after(async () => {
  await node?.stop()
  for (const end of endings.reverse()) await end()
})

const setup =
  "import * as neo from 'neomesh'\nconst [batch, embd] = [neo.dim('batch', 4), neo.dim('embd', 8)]\nconst heads = neo.dim('heads', 2)"

/** Cells in order; most fail, each in another way. */
const cells = [
  setup,
  "const f = (x: neo.Tensor<'batch' | 'embd'>) => neo.softmax(x, heads)",
  'const x: number = "one"',
  'const a = 1 +',
  'let y = {\n  a: 1,\n  b: [1, 2\n}',
  'break',
  'undefinedName',
  'function check(x: number) {\n  interface Gone {}\n\n  if (x > 1) throw new RangeError(`${x} is too large`)\n}',
  'check(1)\n\ncheck(2)',
  "await Promise.reject(new Error('later'))",
  'throw { code: 5 }',
  "throw new Error('outer', { cause: new TypeError('inner') })",
  "throw new AggregateError([new Error('a'), new RangeError('b')], 'both')",
  'null!.x',
  "const made = 5\nthrow new Error('here')\nconst unmade = 6",
  'made',
  'unmade',
  '[].reduce((a) => a)',
  "neo.trace((x: neo.Tensor) =>\n  neo.softmax(x, heads), [neo.spec([batch], 'f32')])",
  "\nconst config = await neo.readModelConfig('nowhere.json')",
  "neo.parseModelConfig({ n_head: 'many' })",
  "import * as nothing from 'no-such-package'",
  'const steps = 200 //@param {type: "integer", min: 20}',
  "await new Promise((_, reject) => setTimeout(() => reject(new SyntaxError('by timer')), 1))",
  "({ [Symbol.for('Jupyter.display')]() { throw new RangeError('no looks') } })",
  '[1, 2].map((x) => x * 2)',
  "({ batch, embd, text: 'x', map: new Map([[1, { deep: { er: { est: 1 } } }]]), f: (x: number) => x, date: new Date(0) })",
  "console.log('%s is %d', 'one', 1, { a: [1, 2, 3] }, new Float32Array(3), [undefined, null])",
  "process.stdout.write('no line end'); Buffer.from('é').toString('hex')",
  'class Thing { readonly size = 1 }\nnew Thing()',
  'let sum = 0\nfor await (const x of [1, 2, Promise.resolve(3)]) sum += x\nsum',
  'const steps = 200 //@param {type: "integer", min: 1}',
  'steps',
]

const textsOf = ({ stdout, stderr, result, error }: CellRun | PageRun) => ({
  stdout,
  stderr,
  result,
  error: error ?? null,
})

test(
  'results, output and errors are those of the kernel in Node, text by text',
  { skip, timeout: 120_000 },
  async (t) => {
    const different: object[] = []
    let errors = 0
    for (const code of cells) {
      const [expected, actual] = [textsOf(await node.run(code)), textsOf(await browser.run(code))]
      if (expected.error) errors++
      if (JSON.stringify(expected) !== JSON.stringify(actual)) different.push({ code, expected, actual })
    }
    t.diagnostic(`${cells.length} cells, ${errors} errors`)
    assert.ok(errors >= 20)
    assert.equal(JSON.stringify(different, null, 1), '[]')
  },
)

test('completions and what hovering shows are those of the kernel in Node', { skip, timeout: 60_000 }, async () => {
  for (const [method, code, cursor] of [
    ['complete', "const smile = '😀'; neo.trainTok", 31],
    ['complete', 'neo.soft', 8],
    ['complete', 'batch.', 6],
    ['complete', '[1].ma', 6],
    ['inspect', 'neo.softmax(x)', 9],
    ['inspect', 'batch', 1],
    ['inspect', 'neo.trainTokenizer', 6],
    ['inspect', '[1].map', 6],
  ] as const)
    assert.deepEqual(await browser.ask(method, code, cursor), await node.ask(method, code, cursor), `${method} ${code}`)
})

test('prompt() waits for the reader', { skip, timeout: 30_000 }, async () => {
  assert.equal((await browser.runWithInput("prompt('Name?')", 'Größe 🚀')).result, "'Größe 🚀'")
})

test(
  'an interrupt within a second, and variables are kept: loops, awaits, generators',
  { skip, timeout: 120_000 },
  async (t) => {
    await browser.run('let last = 0\nconst before = 41')
    const times: number[] = []
    for (const code of [
      "console.log('on'); for (;;) last++",
      "console.log('on'); for (let i = 0; ; i++) await null",
      "console.log('on'); await new Promise(() => {})",
      "console.log('on'); const spin = () => { while (true) last++ }; spin()",
      "async function* numbers() { for (let i = 0; ; i++) yield i }\nfor await (const n of numbers()) if (n === 0) console.log('on')",
    ]) {
      const { error, ms } = await browser.runInterrupted(code, 300)
      assert.equal(error?.name, 'Interrupted', code)
      times.push(ms)
      assert.ok(ms < 1000, `${code}: ${ms} ms`)
      assert.equal((await browser.run('before + 1')).result, '42', 'variables are kept')
    }
    t.diagnostic(`ended after ${times.map((ms) => ms.toFixed()).join(', ')} ms`)
  },
)

test(
  'restarts: a cell runs after each, no variable is left, and nothing keeps running',
  { skip, timeout: 120_000 },
  async () => {
    const workers = () => page.workers().length
    const one = workers()
    for (let i = 0; i < 3; i++) {
      await browser.run(`const round = ${i}`)
      await browser.restart()
      assert.equal((await browser.run('round')).error?.name, 'TypeScriptError')
    }
    assert.equal(workers(), one)
  },
)

test('nothing was asked of another server', { skip }, () => {
  assert.deepEqual(elsewhere, [])
})
