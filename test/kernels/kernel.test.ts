/** The kernel through Jupyter's protocol: what a person at a notebook sees of it. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { makeWorld } from '../cli/world.js'
import { root, startKernel, type TestKernel } from './client.js'
import { interruptEach } from './interrupt-each.js'
import { loops, someLoops } from './loops.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-cells-'))
let kernel: TestKernel

before(async () => {
  kernel = await startKernel(folder, { NEOMESH_PARAM_steps: '17', NEOMESH_CACHE: join(folder, 'cache') })
})
after(async () => {
  await kernel?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const ok = async (code: string) => {
  const run = await kernel.run(code)
  assert.equal(run.error?.traceback, undefined)
  assert.equal(run.reply.status, 'ok')
  return run
}
const fails = async (code: string) => {
  const run = await kernel.run(code)
  assert.equal(run.reply.status, 'error')
  assert.deepEqual([run.reply.ename, run.reply.evalue], [run.error!.name, run.error!.message])
  return { ...run.error!, cell: Number(run.reply.execution_count) }
}

test('it runs at the root of the project, wherever the notebook lies', async () => {
  assert.equal((await ok('process.cwd() + "/"')).result, `'${root}'`)
})

test('neomesh is imported typed, within three seconds', async () => {
  await ok('const before = process.cpuUsage()')
  await ok("import * as neo from 'neomesh'")
  // Of the processor's time, which does not depend on what else the machine does.
  const { user, system } = JSON.parse((await ok('JSON.stringify(process.cpuUsage(before))')).result!.slice(1, -1))
  assert.ok(user + system < 3e6, `${((user + system) / 1e6).toFixed(1)} s`)
  await ok("const batch = neo.dim('batch', 4), embd = neo.dim('embd', 8), heads = neo.dim('heads', 2)")
  assert.match(
    (await fails('const count: string = batch.size')).message,
    /Type 'number' is not assignable to type 'string'/,
  )
})

test('rooms are imported by their own names, typed', async () => {
  await ok("import { add, dim as makeDim } from 'neomesh/tensor'\nimport * as files from 'neomesh/files'")
  assert.equal((await ok("typeof add + ' ' + files.basename('a/b.txt')")).result, "'function b.txt'")
  assert.match((await fails("const made: string = makeDim('n', 2)")).message, /not assignable to type 'string'/)
})

test('a wrong dim is refused before the cell runs, in words', async () => {
  const error = await fails("console.log('ran')\nconst f = (x: neo.Tensor<'batch' | 'embd'>) => neo.softmax(x, heads)")
  assert.equal(error.name, 'TypeScriptError')
  assert.equal(
    error.traceback,
    [
      `TypeScriptError cell ${error.cell}, line 2: ${error.message}`,
      "   2 const f = (x: neo.Tensor<'batch' | 'embd'>) => neo.softmax(x, heads)",
      '                                                                   ~~~~~',
      `   Type '"heads"' is not assignable to type '"batch" | "embd"'.`,
      '',
      'The cell was not run.',
      'The dim "heads" is not among those of the tensor here: batch, embd.',
    ].join('\n'),
  )
})

test('an error has its name, message, the line of the cell and a short trace', async () => {
  await ok(
    'function check(x: number) {\n  interface Gone {}\n\n  if (x > 1) throw new RangeError(`${x} is too large`)\n}',
  )
  const error = await fails('check(1)\n\ncheck(2)')
  assert.deepEqual([error.name, error.message], ['RangeError', '2 is too large'])
  const lines = error.traceback.split('\n')
  assert.equal(lines[0], 'RangeError: 2 is too large')
  assert.ok(lines.includes('-> 4   if (x > 1) throw new RangeError(`${x} is too large`)'), error.traceback)
  assert.deepEqual(lines.slice(-2), [`  at check (cell ${error.cell - 1}, line 4)`, `  at cell ${error.cell}, line 3`])
})

test('an error of the library names the cell and the lines nearest to it, also through awaits', async () => {
  const late = await fails("\nconst config = await neo.readModelConfig('nowhere.json')")
  assert.equal(late.name, 'FileError')
  assert.match(late.traceback, new RegExp(`^FileError: cannot read nowhere.json.*\n\ncell ${late.cell}, line 2\n`))
  assert.match(
    late.traceback,
    /\n  at readJson \(src\/files\/json\.ts:\d+:\d+\)\n  at readModelConfig \(src\/config\/parse\/model-config\.ts:\d+:\d+\)\n  at cell \d+, line 2$/,
  )
  const op = await fails("neo.trace((x: neo.Tensor) =>\n  neo.softmax(x, heads), [neo.spec([batch], 'f32')])")
  assert.match(op.message, new RegExp(`no dim "heads" in operand 0[^]*at cell ${op.cell}:2$`))
})

test('what is thrown need be no error', async () => {
  const { name, message, traceback } = await fails('throw { code: 5 }')
  assert.deepEqual([name, message, traceback], ['Thrown', '{ code: 5 }', 'Thrown: { code: 5 }'])
})

test('variables of earlier cells are there in shorthand properties, and can be declared again', async () => {
  assert.match((await ok('({ batch, embd })')).result!, /batch: \{ name: 'batch', size: 4 \}/)
  await ok('let count = 1')
  await ok("let count = 'two'")
  assert.equal((await ok('count')).result, "'two'")
})

test('a cell that fails keeps what it has assigned; reading what it has not is an error', async () => {
  await ok('const kept = 1')
  await fails("const made = 5\nthrow new Error('here')\nconst kept = 2\nconst unmade = 6")
  assert.equal((await ok('made + kept')).result, '6')
  assert.match(
    (await fails('unmade')).message,
    /^unmade has no value: cell \d+ failed before assigning it\. Correct and run that cell$/,
  )
  await ok('const unmade = 7')
  assert.equal((await ok('unmade')).result, '7')
})

test('results, and nothing for undefined', async () => {
  assert.equal((await ok('[1, 2].map((x) => x * 2)')).result, '[ 2, 4 ]')
  assert.equal((await ok('undefined')).result, null)
  assert.equal((await ok('const x = await Promise.resolve(3)\nx')).result, '3')
  assert.equal((await ok('let sum = 0\nfor await (const x of [1, 2, Promise.resolve(3)]) sum += x\nsum')).result, '6')
})

test('a result that cannot be shown is an error of its cell, and the next cell runs', async () => {
  const looks = (code: string) => fails(`({ [Symbol.for('Jupyter.display')]() { ${code} } })`)
  const { name, message } = await looks("throw new RangeError('no looks')")
  assert.deepEqual([name, message], ['RangeError', 'no looks'])
  assert.match((await looks("return { 'text/plain': 'x', 'application/json': 1n }")).message, /BigInt/)
  assert.equal((await ok('5')).result, '5')
})

test('stdout and stderr come while the cell runs, in loops that never rest, too', async () => {
  const times: number[] = []
  const busy = 'const wait = (ms: number) => { const end = performance.now() + ms; while (performance.now() < end); }\n'
  const run = await kernel.runWatched(
    `${busy}for (let i = 0; i < 5; i++) { console.log(i); wait(60); console.error('e' + i); wait(60) }`,
    (m) => m.type === 'stream' && times.push(m.time),
  )
  assert.equal(run.stdout, '0\n1\n2\n3\n4\n')
  assert.equal(run.stderr, 'e0\ne1\ne2\ne3\ne4\n')
  assert.ok(times.at(-1)! - times[0] > 300, `all came within ${(times.at(-1)! - times[0]).toFixed()} ms`)
})

test('no line of much output is lost', async () => {
  const { stdout } = await ok('for (let i = 0; i < 20_000; i++) console.log(i)')
  assert.equal(stdout.split('\n').length, 20_001)
})

test('what was run after an error is aborted', async () => {
  const runs = await kernel.runAll(['1', "throw new Error('stop')", '2', '3'])
  assert.deepEqual(
    runs.map(({ reply }) => reply.status),
    ['ok', 'error', 'aborted', 'aborted'],
  )
  assert.equal((await ok('4')).result, '4')
})

test('completions have kinds, hovering shows types and documentation; both by characters of Unicode', async () => {
  const code = "const smile = '😀'; neo.trainTok"
  const { matches, cursor_start, cursor_end, metadata } = await kernel.ask('complete', code, [...code].length)
  assert.equal(matches[0], 'trainTokenizer')
  assert.equal([...code].slice(cursor_start, cursor_end).join(''), 'trainTok')
  assert.equal(metadata._jupyter_types_experimental[0].type, 'function')

  for (const at of [9, 10, 17]) {
    const { found, data } = await kernel.ask('inspect', 'neo.softmax(x)', at === 17 ? 11 : at)
    assert.ok(found)
    assert.match(
      data['text/plain'],
      /^softmax<.*>\(x: neo\.Tensor<string>, along: neo\.Dim<string>\): neo\.Tensor<string>\n\ne\^x \/ sum e\^x/,
    )
    assert.match(data['text/markdown'], /^```typescript\n/)
  }
  assert.match((await kernel.ask('inspect', 'batch', 1)).data['text/plain'], /const batch: neo\.Dim<"batch">/)
})

test('parameters: the environment goes before the text, an injected cell before both', async () => {
  await ok('const steps = 200 //@param {type: "integer", min: 1}')
  assert.equal((await ok('steps')).result, '17')
  await ok('const steps = 3') // as papermill puts it below
  assert.equal((await ok('steps')).result, '3')
  assert.match(
    (await fails('const steps = 200 //@param {type: "integer", min: 20}')).message,
    /^parameter steps must be >= 20 \(got "17"\)/,
  )
})

const interruptOnce = (found: (m: any) => boolean) => {
  let sent = false
  return (m: any) => {
    if (sent || !found(m)) return
    sent = true
    void kernel.interrupt()
  }
}
const isOutput = (m: any) => m.type === 'stream'

test(
  'an interrupt ends loops that are busy, that await, and that are given to by a generator',
  { timeout: 60_000 },
  async () => {
    for (const code of [
      "console.log('on'); const until = performance.now() + 30_000; while (performance.now() < until);",
      "console.log('on'); for (let i = 0; ; i++) await null",
      "console.log('on'); await new Promise(() => {})",
    ]) {
      const { error } = await kernel.runWatched(code, interruptOnce(isOutput))
      assert.equal(error?.name, 'Interrupted', code)
    }
    const run = await kernel.runWatched(
      `let last = 0
async function* numbers() {
  try { for (;;) { await new Promise((resolve) => setTimeout(resolve, 20)); yield ++last } } finally { console.log('closed') }
}
for await (const n of numbers()) console.log(n)`,
      interruptOnce((m) => isOutput(m) && m.content.text.includes('3')),
    )
    assert.equal(run.error?.name, 'Interrupted')
    assert.match(run.stdout, /closed\n$/)
    const { result } = await ok('last')
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal((await ok('last')).result, result, 'the loop went on')
  },
)

for (const name of someLoops)
  test(`interrupted: ${name}`, { timeout: 30_000 }, () => interruptEach(kernel, name, loops[name]))

test('an interrupt ends the cell of the case, and code with the signal only if it does not end by itself', async () => {
  const [cell] = JSON.parse(
    readFileSync(join(root, 'test/fixtures/cases/kernel-interrupt-after-await/cells.json'), 'utf8'),
  )
  await interruptEach(kernel, 'the case', `console.log('on')\n${cell}`)
  const polite = await kernel.runWatched(
    "const signal = neo.interruptSignal()\nconsole.log('on')\nlet n = 0\nwhile (!signal.aborted) { n++ }\nconsole.log('saved')",
    interruptOnce(isOutput),
  )
  assert.equal(polite.error?.name, 'Interrupted')
  assert.match(polite.stdout, /saved/)
  await interruptEach(kernel, 'ignored', "neo.interruptSignal()\nconsole.log('on')\nfor (;;) {}")
})

test('a cell that catches the interrupt runs its clean-up, loops of it included', { timeout: 30_000 }, async () => {
  const run = await kernel.runWatched(
    "console.log('on')\ntry { await 1; for (;;) {} } finally { for (const x of [1, 2]) { await x; console.log('closed', x) } }",
    interruptOnce(isOutput),
  )
  assert.equal(run.error?.name, 'Interrupted')
  assert.match(run.stdout, /closed 1\nclosed 2/)
})

test(
  'an interrupt stops training after the step under way; it saves, and the kernel and its variables live',
  { timeout: 120_000 },
  async () => {
    await makeWorld(folder, { train_steps: 100_000 })
    await ok(`const engine = await neo.openXla()
const { config } = await neo.readModelConfig('${folder}/model.json')
const at = await neo.datasetFiles(await neo.readDatasetConfig('${folder}/data/dataset.json'), 'path')
const data = await neo.openDataset({ path: at, contextLength: config.n_ctx, vocabularySize: config.n_vocab })`)
    const run = await kernel.runWatched(
      `const run = '${folder}/run'
let seen: any
for await (const event of neo.train({ engine, config, run, data, signal: neo.interruptSignal() })) {
  seen = event
  if (event.kind === 'step') console.log('step', event.step)
}`,
      interruptOnce((m) => isOutput(m) && /step \d/.test(m.content.text)),
    )
    assert.equal(run.error?.name, 'Interrupted')
    const end = (await ok('JSON.stringify(seen)')).result!
    const { kind, step, interrupted } = JSON.parse(end.slice(1, -1))
    assert.deepEqual([kind, interrupted], ['end', true])
    assert.match(
      (await ok('(await neo.openCheckpoint(await neo.findCheckpoint(run))).manifest.step')).result!,
      new RegExp(`^${step}$`),
    )
  },
)

test('a restart ends the process, and with it frees what it held', async () => {
  const old = kernel.pid
  await kernel.restart()
  assert.notEqual(kernel.pid, old)
  assert.throws(() => process.kill(old, 0), { code: 'ESRCH' })
  assert.match((await fails('engine')).message, /Cannot find name 'engine'/)
})
