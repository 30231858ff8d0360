/** Input of cells: the notebook is asked, as Jupyter has it, or the cell fails at once. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { root, startKernel, type TestKernel } from './client.js'

const folder = mkdtempSync(join(tmpdir(), 'neomesh-input-'))
const [question] = JSON.parse(readFileSync(join(root, 'test/fixtures/cases/kernel-stdin/cells.json'), 'utf8'))
let kernel: TestKernel
before(async () => (kernel = await startKernel(folder)))
after(async () => {
  await kernel?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const time = { timeout: 30_000 }
const asked: Readonly<Record<string, readonly [code: string, prompts: readonly string[], result: string]>> = {
  'a question of readline, promised': [question, ['name? '], "'Ada'"],
  'questions one after the other': [
    "const [a, b] = [await rl.question('a '), await rl.question('b ')]\na + b",
    ['a ', 'b '],
    "'AdaBob'",
  ],
  'a question with a callback': [
    "import callbacks from 'node:readline'\nconst lines = callbacks.createInterface({ input: process.stdin })\nawait new Promise((done) => lines.question('? ', done))",
    ['? '],
    "'Ada'",
  ],
  'lines of readline': [
    "import { createInterface } from 'readline'\nconst read: string[] = []\nfor await (const line of createInterface(process.stdin)) { read.push(line); if (read.length === 2) break }\nread",
    ['', ''],
    "[ 'Ada', 'Bob' ]",
  ],
  'an event of process.stdin': [
    "await new Promise((done) => process.stdin.once('data', (data) => done(String(data))))",
    [''],
    "'Ada\\n'",
  ],
  'prompt()': ["prompt('Your name?') + '!'", ['Your name? '], "'Ada!'"],
  'a read of file descriptor 0': ["import { readFileSync } from 'node:fs'\nreadFileSync(0, 'utf8')", [''], "'Ada\\n'"],
}

for (const [name, [code, prompts, result]] of Object.entries(asked))
  test(`asked: ${name}`, time, async () => {
    const names = ['Ada', 'Bob', 'Eve']
    const seen: string[] = []
    const run = await kernel.runWithInput(code, (prompt) => {
      seen.push(prompt)
      return names[seen.length - 1]
    })
    assert.equal(run.error?.traceback, undefined)
    assert.deepEqual([seen, run.result], [prompts, result])
  })

test('nothing is asked that no code asks for', time, async () => {
  const run = await kernel.runWithInput(
    "process.stdin.isTTY\nawait new Promise((done) => setTimeout(done, 100))\n'end'",
    () => assert.fail('asked'),
  )
  assert.equal(run.result, "'end'")
})

for (const [name, [code]] of Object.entries(asked))
  test(`where the notebook does not answer, an error at once: ${name}`, time, async () => {
    const { error } = await kernel.runWithoutInput(code)
    assert.equal(error?.name, 'StdinNotImplementedError')
    assert.match(
      error!.message,
      /^the cell asked for input, but .* \(allow_stdin is false\)\. Assign the value in the cell$/,
    )
  })

for (const [name, code] of Object.entries({
  'a question': "await rl.question('never? ')",
  'prompt()': "prompt('never?')",
}))
  test(`a request can be interrupted: ${name}`, time, async () => {
    const run = await kernel.runWithInput(code, () => {
      void kernel.interrupt()
      return null
    })
    assert.equal(run.error?.name, 'Interrupted')
    assert.equal((await kernel.run('1 + 1')).result, '2')
  })
