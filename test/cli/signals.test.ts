/** Ctrl-C, and worse, sent to the real command. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readMetrics } from '../../src/train/index.js'
import { assertSameRuns } from '../train/support.js'
import { runHere, runThere, snapshot, withoutNews, type Ended, type Kill } from './run-here.js'
import { makeWorld, someText } from './world.js'

const world = mkdtempSync(join(tmpdir(), 'neomesh-signals-'))
const env = { NEOMESH_CACHE: join(world, 'cache') }
before(() => makeWorld(world, { train_steps: 800, steps_per_checkpoint: 40 }))
after(() => rmSync(world, { recursive: true, force: true }))

const train = (run: string, onText?: (text: string, kill: Kill) => void, more: string[] = []) =>
  runThere(['train', 'model.json', '--data', 'data', '--run', run, ...more], { cwd: world, env, onText })

/** Sends a signal once, when a text has been said so often. */
function when(text: string, times: number, signal: NodeJS.Signals, whole = true) {
  let sent = false
  return (said: string, kill: Kill) => {
    if (sent || said.split(text).length <= times) return
    sent = true
    kill(signal, whole)
  }
}

test('Ctrl-C in training saves, prints how to resume, ends with 130; the same command resumes', async () => {
  const stopped = await train('run', when('saved', 2, 'SIGINT'))
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(stopped.stderr, /interrupted: finishing this step and saving \(Ctrl-C again stops at once/)
  const [, step] = /stopped after step (\d+) of 800\. To resume: run the same command again\n$/.exec(stopped.stderr)!
  assert.ok(readdirSync(join(world, 'run/checkpoints')).includes(`step-${step.padStart(8, '0')}`))
  // SIGTERM to the process alone, as an init system sends it.
  const again = await train('run', when('saved', 2, 'SIGTERM', false))
  assert.equal(again.code, 143, again.stderr)
  assert.match(again.stderr, new RegExp(`resuming after step ${step} of 800`))
  const rest = await train('run')
  assert.equal(rest.code, 0, rest.stderr)
  assert.match(rest.stderr, /trained 800 steps: run\n$/)
})

test('kill -9 at any time: the run resumes from its last checkpoint, and ends as one never killed', async () => {
  for (const times of [1, 2, 3]) {
    const { signal, stderr } = await train('killed', when('saved', times, 'SIGKILL'))
    assert.equal(signal, 'SIGKILL', stderr)
  }
  const { code, stderr } = await train('killed')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /resuming after step \d+ of 800/)
  await assertSameRuns(join(world, 'run'), join(world, 'killed'))
  const left = readdirSync(join(world, 'killed')).sort()
  assert.deepEqual(left, ['checkpoints', 'config.json', 'metrics.jsonl', 'tokenizer.json'])
  const steps = (await readMetrics(join(world, 'killed/metrics.jsonl'))).filter(({ loss }) => loss !== undefined)
  assert.deepEqual(
    steps.map(({ step }) => step),
    Array.from({ length: 800 }, (_, i) => i + 1),
  )
})

test('Ctrl-C before the first step ends at once', async () => {
  const config = readFileSync(join(world, 'model.json'), 'utf8')
  writeFileSync(join(world, 'other.json'), config.replace('"n_embd":16', '"n_embd":24'))
  const began = performance.now()
  const { code, stderr } = await runThere(['train', 'other.json', '--data', 'data', '--run', 'new'], {
    cwd: world,
    env: { ...env, NEOMESH_DEBUG: 'compile', NEOMESH_CACHE: 'off' },
    onText: when('[compile]', 1, 'SIGINT'),
  })
  assert.equal(code, 130, stderr)
  assert.match(stderr, /interrupted before the first step; nothing to save\. To resume: run the same command again\n$/)
  assert.ok(performance.now() - began < 60_000)
})

test('an interrupt while a tokenizer is trained or data is prepared leaves nothing', async () => {
  const at = (path: string) => join(world, path)
  writeFileSync(at('long.txt'), Array.from({ length: 20 }, (_, i) => someText(2000, i + 1)).join('\n'))
  const there = snapshot(world)
  const tokenizer = ['tokenizer', 'train', at('long.txt'), '-o', at('none/tokenizer.json')]
  const data = ['data', 'prepare', at('long.txt'), '-t', at('tokenizer.json'), '-c', '16', '-o', at('none')]
  for (const args of [tokenizer, data]) {
    const listening = process.listenerCount('SIGHUP')
    const ended = runHere(args)
    while (process.listenerCount('SIGHUP') === listening) await new Promise((resolve) => setTimeout(resolve, 1))
    process.emit('SIGHUP') // SIGINT would end the test runner, too
    const { code, stdout, stderr } = await ended
    const wanted = { code: 129, stdout: '', stderr: 'neomesh: interrupted; nothing was written\n' }
    assert.deepEqual({ code, stdout, stderr: withoutNews(stderr) }, wanted)
    assert.deepEqual(snapshot(world), there)
  }
})

test('kill -9 while data is prepared: the next time removes what was left', async () => {
  const prepare = ['data', 'prepare', 'long.txt', '-t', 'tokenizer.json', '-c', '16', '-o', 'made/data']
  const hidden = () => readdirSync(join(world, 'made')).filter((name) => name.startsWith('.'))
  const killed = await runThere(prepare, {
    cwd: world,
    env,
    onStart(kill) {
      const watcher = setInterval(() => {
        if (!existsSync(join(world, 'made')) || !hidden().some((name) => name.endsWith('partial'))) return
        clearInterval(watcher)
        kill('SIGKILL')
      }, 1)
    },
  })
  assert.equal(killed.signal, 'SIGKILL', killed.stderr)
  assert.equal(hidden().length, 2)
  const { code, stderr } = await runThere(prepare, { cwd: world, env })
  assert.equal(code, 0, stderr)
  assert.deepEqual(readdirSync(join(world, 'made')), ['data'])
})

test('two that train in one folder: the second is told of the first', async () => {
  let second: Promise<Ended & { signal: string | null }> | undefined
  // So many steps that the first is not done before the second has started.
  const first = await train(
    'shared',
    (text, kill) => {
      if (second !== undefined || !text.includes('saved')) return
      second = train('shared')
      void second.finally(() => kill('SIGINT'))
    },
    ['--steps', '100000'],
  )
  assert.equal(first.code, 130, first.stderr)
  const { code, stderr } = await second!
  assert.equal(code, 1, stderr)
  const [, pid] = /locked by process (\d+),/.exec(stderr)!
  const message = `Wait for it to finish, stop it (kill -INT ${pid}; it saves first), or use another run folder`
  assert.equal(
    stderr.split('\n').at(-2),
    `neomesh: shared is locked by process ${pid}, which is training in it. ${message}`,
  )
  const left = readdirSync(join(world, 'shared')).sort()
  assert.deepEqual(left, ['checkpoints', 'config.json', 'metrics.jsonl', 'tokenizer.json'])
})

test('Ctrl-C while sampling ends the text with a new line', async () => {
  const ended = await runThere(['sample', 'run', '--prompt', 'the', '--count', '100000'], {
    cwd: world,
    env,
    onOutput: when('\n', 3, 'SIGINT'),
  })
  assert.equal(ended.code, 130, ended.stderr)
  assert.match(ended.stdout, /\n$/)
  assert.equal(withoutNews(ended.stderr), '')
})
