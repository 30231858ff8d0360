/** The kernel in a browser against the kernel in Node: the same cells, the same texts. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
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
/** Of the site. */
let address: string
/** Requests to other servers. */
const elsewhere: string[] = []

before(async () => {
  if (skip) return
  ;({ address } = await serveSite(scope, await buildSite(scope)))
  page = await openPage(scope)
  page.context().on('request', (request) => {
    const own = [address, address.replace('127.0.0.1', 'localhost')]
    if (/^(https?|wss?):/.test(request.url()) && !own.some((start) => request.url().startsWith(start)))
      elsewhere.push(request.url())
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

const mb = (bytes: number) => (bytes / 1e6).toFixed()

/** Bytes that belong to the browser's processes alone, once garbage was collected. */
async function memoryOf(page: Page): Promise<number> {
  const session = await page.context().browser()!.newBrowserCDPSession()
  await sleep(2000) // workers that were ended, and pages of memory that were freed
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo
    .map(({ id }) => /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/status`, 'utf8')))
    .reduce((sum, found) => sum + 1024 * Number(found?.[1] ?? 0), 0)
}

test(
  'restarts: a cell runs after each, no variable is left, nothing keeps running, and no memory is lost',
  { skip, timeout: 120_000 },
  async (t) => {
    const workers = () => page.workers().length
    const one = workers()
    const round = async (i: number) => {
      // Memory that would be noticed if it stayed.
      await browser.run(`const round = ${i}\nconst bytes = new Uint8Array(50_000_000).fill(1)`)
      await browser.restart()
    }
    await round(0)
    assert.equal((await browser.run('round')).error?.name, 'TypeScriptError')
    const before = await memoryOf(page)
    for (let i = 0; i < 10; i++) await round(i)
    const after = await memoryOf(page)
    t.diagnostic(`${mb(before)} MB before ten restarts, ${mb(after)} MB after`)
    assert.equal(workers(), one)
    assert.ok(after - before < 100e6, `${mb(before)} MB, then ${mb(after)} MB`)
  },
)

test('the page is isolated, and so is the worker that runs cells', { skip, timeout: 30_000 }, async () => {
  assert.equal(await page.evaluate('crossOriginIsolated'), true)
  const run = await browser.run('[(globalThis as any).crossOriginIsolated, new SharedArrayBuffer(8).byteLength]')
  assert.equal(run.result, '[ true, 8 ]')
})

test("the file browser's files are the kernel's", { skip, timeout: 60_000 }, async () => {
  const drive = <T>(call: string) => page.evaluate(`drive.${call}`) as Promise<T>
  const cell = async (code: string) => {
    const { result, error } = await browser.run(code)
    assert.equal(error, null)
    return result
  }
  const names = async (folder: string) =>
    (await drive<Model>(`get(${JSON.stringify(folder)})`)).content.map(({ name, type }: Model) => `${name} ${type}`)

  // From a cell to the file browser.
  await cell("import { makeFolder, readFile, readFolder, readText, writeFileAtomic } from 'neomesh/files'")
  await page.evaluate('changes = []')
  await cell("await makeFolder('runs/mine'); await writeFileAtomic('runs/mine/50% Größe.txt', 'ä€')")
  await cell("await writeFileAtomic('runs/mine/weights', new Uint8Array([0, 255, 7]))")
  assert.ok((await names('')).includes('runs directory'))
  assert.ok((await names('')).includes('00_first_model.ipynb notebook'))
  assert.ok(!(await names('')).some((name: string) => name.startsWith('.')), 'hidden folders are not shown')
  assert.deepEqual(await names('runs/mine'), ['50% Größe.txt file', 'weights file'])
  const { content, format, size } = await drive<Model>("get('runs/mine/50% Größe.txt')")
  assert.deepEqual({ content, format, size }, { content: 'ä€', format: 'text', size: 5 })
  assert.deepEqual((await drive<Model>("get('runs/mine/weights')")).content, 'AP8H')
  await page.waitForFunction("changes.some(({ newValue }) => newValue?.path.startsWith('runs/mine/'))")
  const url = await drive<string>("getDownloadUrl('runs/mine/weights')")
  assert.deepEqual(
    await page.evaluate(`fetch('${url}').then(async (got) => [...new Uint8Array(await got.arrayBuffer())])`),
    [0, 255, 7],
  )

  // From the file browser to a cell: small files, and large ones that come in pieces.
  await drive("save('my text.txt', { type: 'file', format: 'text', content: 'Lied' })")
  assert.equal(await cell("await readText('my text.txt')"), "'Lied'")
  await page.evaluate(`(async () => {
    const piece = btoa('x'.repeat(1 << 20))
    for (const chunk of [1, 2, -1]) await drive.save('large.bin', { type: 'file', format: 'base64', chunk, content: piece })
  })()`)
  assert.equal(await cell("const { length } = await readFile('large.bin')\nlength"), String(3 << 20))
  await drive("newUntitled({ path: 'runs/mine', type: 'notebook' })")
  await drive("newUntitled({ path: 'runs/mine', type: 'file', ext: 'md' })")
  await drive("copy('runs/mine/weights', 'runs')")
  await drive("copy('runs/mine', 'runs')")
  await drive("rename('runs/weights', 'runs/mine/more')")
  assert.equal(
    await cell("(await readFolder('runs/mine')).map(({ name }) => name).sort().join()"),
    "'50% Größe.txt,Untitled.ipynb,more,untitled.md,weights'",
  )
  assert.equal(await cell("(await readFolder('runs/mine-Copy1')).length"), '4')

  // A notebook of the site that is changed is the reader's own, until it is deleted.
  const title = async () => (await drive<Model>("get('03_config.ipynb')")).content.cells[0].source as string
  const given = await title()
  await drive("createCheckpoint('03_config.ipynb')")
  await page.evaluate(`(async () => {
    const { content } = await drive.get('03_config.ipynb')
    content.cells[0].source = 'mine'
    await drive.save('03_config.ipynb', { type: 'notebook', format: 'json', content })
  })()`)
  assert.equal(await title(), 'mine')
  await drive("restoreCheckpoint('03_config.ipynb')")
  assert.equal(await title(), given)
  await drive("rename('03_config.ipynb', 'mine.ipynb')")
  assert.equal(await title(), given)
  await drive("delete('mine.ipynb')")

  const refused = (call: string) => page.evaluate(`drive.${call}.catch(({ message, response }) => [message, response])`)
  assert.deepEqual(await refused("get('none/a.txt')"), ['/none/a.txt does not exist', { status: 404 }])
  assert.deepEqual(await refused("delete('03_config.ipynb')"), [
    '/03_config.ipynb is part of the site and stays. What you change of it can be deleted',
    undefined,
  ])
  assert.deepEqual(await refused("get('runs/mine/weights', { format: 'text' })"), [
    'runs/mine/weights must be a text in UTF-8 (it has other bytes). Download it instead',
    undefined,
  ])
  for (const path of ['runs/mine', 'runs/mine-Copy1', 'large.bin', 'my text.txt']) await drive(`delete('${path}')`)
  assert.equal(await cell("(await readFolder('runs')).length"), '0')
})

interface Model {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly size: number
  readonly content: any
}

test(
  'storage that is full is told in one line, in a cell and in the file browser',
  { skip, timeout: 60_000 },
  async () => {
    // Another origin: the browser remembers for a while how much room one has.
    const context = await page.context().browser()!.newContext()
    const other = await context.newPage()
    const session = await other.context().newCDPSession(other)
    const origin = address.replace('127.0.0.1', 'localhost')
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 24_000_000 })
    const kernel = await openKernel(other, origin)
    await kernel.run("import { writeFileAtomic } from 'neomesh/files'")
    const { error } = await kernel.run("await writeFileAtomic('full', new Uint8Array(60_000_000))")
    const upload = await other.evaluate(`(async () => {
      const content = 'x'.repeat(60_000_000)
      return drive.save('full', { type: 'file', format: 'text', content }).then(() => 'saved', ({ message }) => message)
    })()`)
    await context.close()
    const full =
      /^cannot write \/?full: the browser's storage for this site is full \(\d+ MB of \d+ MB used\)\. Download .*$/
    assert.match(error!.message, full)
    assert.match(upload as string, full)
  },
)

test('danfo.js is loaded by the cell that first imports it', { skip, timeout: 60_000 }, async () => {
  const asked: string[] = []
  page.context().on('request', (request) => {
    if (request.url().endsWith('/danfo.js')) asked.push(request.url())
  })
  await browser.run("import { writeFileAtomic, readText } from 'neomesh/files'")
  assert.deepEqual(asked, [])
  const required = await browser.run(
    "const { DataFrame } = require('danfojs-node')\nnew DataFrame({ a: [1, 2] }).shape",
  )
  assert.equal(required.result, '[ 2, 1 ]')
  const imported = await browser.run(
    "import * as danfo from 'danfojs-node'\nawait writeFileAtomic('t.csv', 'a,b\\n1,x\\n2,y')",
  )
  assert.equal(imported.error, null)
  const { result, error } = await browser.run(
    "const frame = await danfo.readCSV('t.csv')\nawait frame.toCSV({ filePath: 'u.csv' })\nconst [mean] = frame.loc({ columns: ['a'] }).mean({ axis: 0 }).values\n;[mean, await readText('u.csv')]",
  )
  assert.equal(error, null)
  assert.equal(result, "[ 1.5, 'a,b\\n1,x\\n2,y' ]")
  const described = await browser.run('(frame.describe() as any).values.flat()')
  assert.equal(described.result, '[ 2, 1.5, 0.7071067811865476, 1, 1.5, 2, 0.5 ]')
  assert.match(
    (await browser.run('const n: number = danfo.toCSV')).error!.message,
    /is not assignable to type 'number'/,
  )
})

test(
  'an interrupt in a training step ends the cell within a second of the click, saves, and keeps variables',
  { skip, timeout: 120_000 },
  async (t) => {
    assert.equal((await browser.run(training)).error, null)
    // What two steps and their checkpoint take here: on a busy machine a step alone takes more than a second.
    const spent = Number((await browser.run(twoSteps)).result)
    const times: number[] = []
    for (const after of [50, 150, 250]) {
      const { error, ms } = await browser.runInterrupted(train, after)
      assert.equal(error?.name, 'Interrupted')
      times.push(ms)
    }
    const shown = times.map((ms) => ms.toFixed()).join(', ')
    t.diagnostic(`ended after ${shown} ms; two steps and a checkpoint take ${spent.toFixed()} ms`)
    assert.ok(Math.min(...times) < 1000 + spent, `${shown}, against ${spent} ms`)
    const kept = await browser.run('console.log(JSON.stringify(began)); config.n_layer')
    assert.equal(kept.result, '4')
    const first = JSON.parse(kept.stdout) as number[]
    assert.ok(first[0] === 1 && first[1] > 1 && first[2] > first[1], `resumed at ${kept.stdout}`)
  },
)

/** Lesson 4's model, and a loop over its steps. */
const training = `import * as neo from 'neomesh'
const engine = await neo.openEngine()
const { config } = await neo.readModelConfig('configs/models/notebook.json', { changes: { train_steps: 1000 } })
const { tokenizer, tokenizerFile, dataset } = await neo.demoData({
  folder: 'runs/interrupt', vocabSize: config.n_vocab, contextLength: config.n_ctx,
})
const { samples } = await neo.openSplits(dataset, { contextLength: config.n_ctx, vocabularySize: config.n_vocab })
const began: number[] = []`
const options = 'engine, data: samples, tokenizer: tokenizerFile'
const twoSteps = `const start = performance.now()
for await (const event of neo.train({ ${options}, config: { ...config, train_steps: 2 }, run: 'runs/interrupt/two' })) void event
performance.now() - start`
/** Writes "on" after its first step, upon which the test interrupts the second. */
const train = `let isFirst = true
for await (const event of neo.train({ ${options}, config, run: 'runs/interrupt/run', signal: neo.interruptSignal() })) {
  if (event.kind !== 'step' || !isFirst) continue
  isFirst = false
  began.push(event.step)
  console.log('on')
}`

test('nothing was asked of another server', { skip }, () => {
  assert.deepEqual(elsewhere, [])
})
