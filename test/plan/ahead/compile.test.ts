/** Compiling in another process, with the CPU plugin; its ends other than the good one too. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { compileInSubprocess } from '../../../src/plan/ahead/compile.js'
import { LIMITS } from '../../../src/plan/index.js'
import { powers } from '../../engine/xla/pjrt/support.js'
import { reducedInALoop } from '../hlo/programs.js'

const mesh = [
  { name: 'dp', size: 2 },
  { name: 'tp', size: 2 },
]
const request = (text: string) => ({ text, mesh, on: { platform: 'cpu' }, keep: false }) as const

test('what XLA says of a program comes back, and the memory that it took', async () => {
  const result = await compileInSubprocess({ ...request(reducedInALoop(2, 2, 7)), keep: true })
  assert.ok(result.kind === 'compiled')
  const { facts, hostMemory } = result
  assert.match(facts.compiler, /pjrt/)
  assert.equal(facts.flops, 7 * 2 * 4 * 8 * 16)
  assert.deepEqual(
    [facts.collectives[0].kind, facts.collectives[0].axes, facts.collectives[0].count],
    ['all-reduce', 'tp', 7],
  )
  // x [8, 16] in two parts and w [16, 16] in two.
  assert.equal(facts.memory.argument, 4 * 16 * 4 + 8 * 16 * 4)
  assert.equal(facts.available, null)
  assert.equal(facts.cycles, null)
  assert.ok(facts.executable!.length > 1000)
  if (process.platform === 'linux') assert.ok(hostMemory! > 20e6)
})

test('a program that XLA refuses is an error with its words', async () => {
  await assert.rejects(compileInSubprocess(request('module { nonsense }')), {
    name: 'PlanError',
    message: /^XLA cannot compile the step: .*nonsense/s,
  })
})

test('limits of time and memory end it, with what to do', async () => {
  const slow = { ...request(powers(8, 3)), mesh: [{ name: 'x', size: 1 }] }
  await assert.rejects(compileInSubprocess(slow, { ...LIMITS, time: 0.05 }), {
    name: 'PlanError',
    message: /longer than .* minutes.*--time-limit/,
  })
  if (process.platform !== 'linux') return
  await assert.rejects(compileInSubprocess(slow, { ...LIMITS, memory: 1e6 }), {
    name: 'PlanError',
    message: /more than 0\.0 GB.*--memory-limit/,
  })
})

test('a process that cannot be started is an error', async (t) => {
  const { execPath } = process
  t.after(() => (process.execPath = execPath))
  process.execPath = '/nowhere/node'
  await assert.rejects(compileInSubprocess(request(reducedInALoop(2, 2, 7))), {
    name: 'PlanError',
    message: /^cannot start the compiler's process: spawn \/nowhere\/node ENOENT/,
  })
})

test('an abort ends it', async () => {
  const controller = new AbortController()
  const work = compileInSubprocess(request(reducedInALoop(2, 2, 7)), LIMITS, controller.signal)
  controller.abort(new DOMException('interrupted', 'AbortError'))
  await assert.rejects(work, { name: 'AbortError' })
})

test(
  'a compilation ends with the process that asked for it, however that ends',
  { skip: process.platform !== 'linux' },
  async () => {
    const library = new URL('../../../src/plan/ahead/compile.js', import.meta.url).href
    const script = `import { compileInSubprocess } from '${library}'
    await compileInSubprocess(${JSON.stringify({ ...request(powers(1500, 100_000)), mesh: [{ name: 'x', size: 1 }] })})`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
    const children = () => readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim()
    while (children() === '') await setTimeout(20)
    const child = children()
    parent.kill('SIGKILL')
    const alive = () => existsSync(`/proc/${child}`)
    for (let i = 0; alive() && i < 500; i++) await setTimeout(20)
    assert.equal(alive(), false)
  },
)
