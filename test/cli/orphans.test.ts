/** Nothing that a command starts outlives it, however it ends; exit statuses are those that shells have. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { newMark, statusOf, type Mark } from './marked.js'
import { launcher, runThere, type Kill, type Watched } from './run-here.js'
import { makeWorld } from './world.js'

const skip = process.platform !== 'linux' && 'processes are looked up in /proc'
/** Time for those that are left to end, in ms, on a machine with much to do. */
const WITHIN = 20_000
const world = mkdtempSync(join(tmpdir(), 'neomesh-orphans-'))
const at = (path: string) => join(world, path)
before(() => makeWorld(world, { train_steps: 100_000, steps_per_checkpoint: 20 }))
after(() => rmSync(world, { recursive: true, force: true }))

const run = (mark: Mark, args: readonly string[], { env, ...rest }: Watched = {}) =>
  runThere(args, { cwd: world, ...rest, env: { NEOMESH_CACHE: at('cache'), ...mark.env, ...env } })
const train = (folder: string) => ['train', 'model.json', '--data', 'data', '--run', folder]
const plan = ['plan', 'model.json', '--device', 'cpu', '--mesh', 'x:2', '--layout', 'batch:x']

/** Calls once, when a text has been printed. */
function once(text: string, then: (kill: Kill) => void) {
  let done = false
  return (said: string, kill: Kill) => {
    if (done || !said.includes(text)) return
    done = true
    then(kill)
  }
}

/** Looks until something is there. */
async function until(there: () => boolean): Promise<void> {
  while (!there()) await setTimeout(5)
}

test('kill -9 of the process that was started ends the training; the next command resumes', { skip }, async () => {
  const mark = newMark()
  let seen: number[] = []
  let started = 0
  const killed = await run(mark, train('run'), {
    onText: once('saved', (kill) => {
      seen = mark.processes()
      kill('SIGKILL', false)
    }),
    onStart: (_, pid) => (started = pid),
  })
  assert.equal(killed.signal, 'SIGKILL', killed.stderr)
  assert.deepEqual(seen, [started])
  assert.deepEqual(await mark.left(WITHIN), [])
  const next = await run(mark, train('run'), { onText: once('resuming after', (kill) => kill('SIGTERM', false)) })
  assert.equal(next.code, 143, next.stderr)
})

test(
  'signals have their statuses: commands that save, that stop, that do not listen, and at any time',
  { skip },
  async () => {
    const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
    for (const [signal, status] of Object.entries(statuses) as [keyof typeof statuses, number][]) {
      const mark = newMark()
      const saved = await run(mark, train('run'), { onText: once('saved', (kill) => kill(signal, false)) })
      assert.equal(saved.code, status, saved.stderr)
      assert.match(saved.stderr, /stopped after step \d+ of 100000/)
      const sampled = await run(mark, ['sample', 'run', '--count', '100000'], {
        onOutput: once('\n', (kill) => kill(signal, false)),
      })
      assert.equal(sampled.code, status, sampled.stderr)
      const early = await run(mark, train('early'), {
        onStart: (kill) => void setTimeout(40).then(() => kill(signal, false)),
      })
      assert.equal(statusOf(early), status, early.stderr)
      assert.ok(!existsSync(at('early')))
      // Of the pipe nothing comes, so that the command waits.
      const waiting = spawn('sh', ['-c', `"$@" & wait $!; echo $?`, 'sh', process.execPath, launcher, ...encode], {
        cwd: world,
        env: { ...process.env, ...mark.env },
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const shell = waiting.pid!
      const command = () => mark.processes().filter((pid) => pid !== shell)
      await until(() => command().length === 1 && opened(command()[0]))
      process.kill(command()[0], signal)
      let said = ''
      for await (const text of waiting.stdout.setEncoding('utf8')) said += text
      assert.equal(said.trim(), String(status))
      assert.deepEqual(await mark.left(WITHIN), [])
    }
  },
)

const encode = ['tokenizer', 'encode', '-t', 'tokenizer.json']
/** Whether the process has replaced itself. */
const opened = (pid: number | undefined) =>
  pid !== undefined && readFileSync(`/proc/${pid}/environ`, 'utf8').includes('GLIBC_TUNABLES=')

test('an interrupt before the first step leaves no lock and no folder', { skip }, async () => {
  const { code, stderr } = await run(newMark(), train('new/run'), {
    env: { NEOMESH_CACHE: 'off' },
    onStart: (kill) => void until(() => existsSync(at('new/run/.lock'))).then(() => kill('SIGTERM', false)),
  })
  assert.equal(code, 143, stderr)
  assert.match(stderr, /interrupted before the first step; nothing to save\. To resume: run the same command again\n$/)
  assert.ok(!existsSync(at('new')))
})

test('a second signal ends at once', { skip }, async () => {
  const mark = newMark()
  const { code, stderr } = await run(mark, train('twice'), {
    onText: once('saved', (kill) => {
      kill('SIGINT', false)
      void setTimeout(1).then(() => kill('SIGTERM', false))
    }),
  })
  assert.ok(code === 143 || /stopped after step/.test(stderr), `${code} ${stderr}`)
})

test('what a plan compiles ends with it', { skip }, async () => {
  for (const [signal, status] of [
    ['SIGKILL', 137],
    ['SIGTERM', 143],
  ] as const) {
    const mark = newMark()
    const ended = await run(mark, plan, {
      onStart: (kill) => void until(() => mark.processes().length === 2).then(() => kill(signal, false)),
    })
    assert.equal(statusOf(ended), status, ended.stderr)
    assert.deepEqual(await mark.left(WITHIN), [])
  }
})

test('what doctor tries ends with it', { skip }, async () => {
  for (const [signal, status] of [
    ['SIGKILL', 137],
    ['SIGTERM', 143],
  ] as const) {
    const mark = newMark()
    const ended = await run(mark, ['doctor'], {
      onStart: (kill) => void until(() => mark.processes().length === 2).then(() => kill(signal, false)),
    })
    assert.equal(statusOf(ended), status, ended.stderr)
    assert.deepEqual(await mark.left(WITHIN), [])
  }
})

test('kill -9 of make in front of it: the training saves and stops', { skip: skip || !hasMake() }, async () => {
  const mark = newMark()
  const command = [process.execPath, launcher, ...train('made')].map((word) => `'${word}'`).join(' ')
  writeFileSync(at('Makefile'), `go:\n\t@${command} 2> made.txt; true\n`)
  const make = spawn('make', ['go'], { cwd: world, env: { ...process.env, ...mark.env }, stdio: 'ignore' })
  const said = () => (existsSync(at('made.txt')) ? readFileSync(at('made.txt'), 'utf8') : '')
  await until(() => said().includes('saved'))
  make.kill('SIGKILL')
  assert.deepEqual(await mark.left(WITHIN), [])
  assert.match(said(), /stopped after step \d+ of 100000/)
})

function hasMake(): boolean {
  return spawnSync('make', ['--version']).status === 0
}

test('under nohup the end of the terminal is ignored, as nohup asks', { skip }, async () => {
  const mark = newMark()
  const { code, stderr } = await run(mark, train('nohup'), {
    env: { _: '/usr/bin/nohup' },
    onText: once('saved', (kill) => {
      kill('SIGHUP', false)
      void setTimeout(200).then(() => kill('SIGTERM', false))
    }),
  })
  assert.equal(code, 143, stderr)
})

test('arguments, standard input and output reach the command as they are', { skip }, () => {
  const args = [launcher, 'tokenizer', 'encode', '-t', at('tokenizer.json'), '--tokens']
  const given = spawnSync(process.execPath, [...args, 'a "b" $c é 日'], { encoding: 'utf8' })
  const piped = spawnSync(process.execPath, args, { encoding: 'utf8', input: 'a "b" $c é 日' })
  assert.equal(given.stderr, '')
  assert.match(given.stdout, /^"a" /)
  assert.equal(piped.stdout, given.stdout)
})
