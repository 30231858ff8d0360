/** What cells do with processes: children that write, `process.exit()`, and a kernel whose Jupyter is gone. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startKernel, type TestKernel } from './client.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-process-'))
let kernel: TestKernel
before(async () => {
  kernel = await startKernel(folder)
  await kernel.run(
    "import { execSync, spawn, spawnSync, fork, exec } from 'node:child_process'\nimport { once } from 'node:events'\nimport fs from 'node:fs'",
  )
})
after(async () => {
  await kernel?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const both = "'echo out; echo err >&2'"
for (const [name, cell, stdout, stderr] of [
  ['spawn', `await once(spawn('sh', ['-c', ${both}], { stdio: 'inherit' }), 'close')`, 'out\n', 'err\n'],
  [
    'a list',
    `await once(spawn('sh', ['-c', ${both}], { stdio: ['ignore', 'inherit', 2] }), 'close')`,
    'out\n',
    'err\n',
  ],
  [
    'streams',
    `await once(spawn('sh', ['-c', ${both}], { stdio: [process.stdin, process.stdout, process.stderr] }), 'close')`,
    'out\n',
    'err\n',
  ],
  ['spawnSync', `void spawnSync('sh', ['-c', ${both}], { stdio: 'inherit' })`, 'out\n', 'err\n'],
  ['execSync', "void execSync('echo out', { stdio: 'inherit' })", 'out\n', ''],
  [
    'a child that reads',
    "await once(spawn('cat', [], { stdio: 'inherit' }), 'close')\nconsole.log('end')",
    'end\n',
    '',
  ],
  ['writeSync', "void fs.writeSync(1, 'out\\n')", 'out\n', ''],
] as const)
  test(`output of children goes into the cell: ${name}`, { timeout: 20_000 }, async () => {
    const run = await kernel.run(cell)
    assert.equal(run.error?.traceback, undefined)
    assert.deepEqual([run.stdout, run.stderr], [stdout, stderr])
  })

test('a child without inherited output gives it to its caller', async () => {
  assert.equal((await kernel.run("String(execSync('echo back'))")).result, "'back\\n'")
})

for (const [name, cell] of Object.entries({
  'at once': 'process.exit()',
  'after an await': 'await 1\nprocess.exit(3)',
  'in a callback': 'setTimeout(() => process.exit(1), 5)\nawait new Promise(() => {})',
}))
  test(`process.exit() is an error of the cell: ${name}`, { timeout: 20_000 }, async () => {
    const { pid } = kernel
    const { error, stderr } = await kernel.run(cell)
    assert.equal(error?.name, 'ProcessExit')
    assert.match(error!.message, /^process\.exit\(\d?\) was called in a cell, and the kernel was not stopped\./)
    assert.equal(stderr, '')
    assert.equal((await kernel.run('process.pid')).result, String(pid))
  })

test(
  'output without end is bounded: what a notebook cannot show is dropped, with a note',
  { timeout: 60_000 },
  async () => {
    const memory = async () => Number((await kernel.run('process.memoryUsage().rss')).result)
    const before = await memory()
    let seen = false
    const run = await kernel.runWatched("for (;;) console.log('x'.repeat(1000))", (message) => {
      if (message.type !== 'stream' || seen) return
      seen = true
      setTimeout(() => void kernel.interrupt(), 3000)
    })
    assert.equal(run.error?.name, 'Interrupted')
    assert.match(
      run.stderr,
      /\[output dropped: [\d.]+ million characters, as the cell writes faster than a notebook can show\]/,
    )
    assert.ok(run.stdout.length < 40e6, `${run.stdout.length} characters were sent`)
    assert.ok((await memory()) - before < 300e6)
    const next = await kernel.run("console.log('next')")
    assert.equal(next.stdout, 'next\n')
  },
)

test('a frame of danfojs is a table', async () => {
  await kernel.run("import * as danfo from 'danfojs-node'")
  const run = await kernel.run("const frame = new danfo.DataFrame({ step: [1, 2], name: ['a', '<b>'] })\nframe")
  assert.equal(run.error?.traceback, undefined)
  const { data } = run.messages.find((m) => m.type === 'execute_result')!.content
  assert.match(data['text/html'], /<table class="dataframe">.*<th[^>]*>step<.*&lt;b&gt;/)
  assert.equal(data['text/plain'], 'step  name\n   1  a\n   2  <b>')
  assert.match((await kernel.run('frame.step')).result!, /1\n +2|1\n2/)
})

test('the kernel and what it started end soon after the process that started it', { timeout: 60_000 }, async () => {
  const other = await startKernel(folder)
  const busy =
    "import { spawn } from 'node:child_process'\nconst child = spawn('sleep', ['60'])\nconsole.log(child.pid)\nawait 1\nfor (;;) {}"
  const child = await new Promise<number>((resolve) => {
    void other.runWatched(busy, (m) => m.type === 'stream' && resolve(Number(m.content.text))).catch(() => {})
  })
  const isThere = (pid: number) =>
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  assert.ok(isThere(child) && isThere(other.pid))
  other.kill()
  for (let waited = 0; isThere(child) || isThere(other.pid); waited += 50) {
    assert.ok(waited < 10_000, 'still there')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

test('the parts and causes of an error are shown', async () => {
  const all = (
    await kernel.run(
      "await Promise.any([Promise.reject(new Error('first')), Promise.reject(new RangeError('second'))])",
    )
  ).error!
  assert.match(all.traceback, /^AggregateError: All promises were rejected\n/)
  assert.match(all.traceback, /\n\n1 of 2: Error: first\n2 of 2: RangeError: second$/)
  const chain = (await kernel.run("throw new Error('a', { cause: new Error('b', { cause: new TypeError('c') }) })"))
    .error!
  assert.match(chain.traceback, /\n\ncaused by Error: b\ncaused by TypeError: c$/)
  const loop = (await kernel.run("const e = new Error('a')\ne.cause = e\nthrow e")).error!
  assert.equal(loop.message, 'a')
})
