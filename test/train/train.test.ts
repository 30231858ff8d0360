import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { openHost } from '../../src/engine/host/engine.js'
import { liveHandles } from '../../src/engine/xla/pjrt/index.js'
import { openCheckpoint, readMetrics, Trainer } from '../../src/train/index.js'
import { engine } from '../tensor/check.js'
import { assertSameRuns, only, world, type RunOptions } from './support.js'

/** A signal that aborts when a step is reported. */
function abortAfter(step: number): Pick<RunOptions, 'signal' | 'onEvent'> {
  const controller = new AbortController()
  return {
    signal: controller.signal,
    onEvent: (event) => void (event.kind === 'step' && event.step === step && controller.abort()),
  }
}

/** A signal that aborts when it is asked for the nth time whether it has, as that of a notebook's kernel may. */
function abortWhenRead(reads: number, onAbort: () => void): AbortSignal {
  const controller = new AbortController()
  let asked = 0
  Object.defineProperty(controller.signal, 'aborted', {
    get() {
      if (++asked === reads) {
        onAbort()
        controller.abort()
      }
      return asked >= reads
    },
  })
  return controller.signal
}

test('a run interrupted and resumed ends with the bytes and the metrics of one that was not', async () => {
  const { run, path } = await world()
  const whole = await run('whole', { evaluateEvery: 3 })
  assert.equal(only(whole, 'step').length, 12)
  assert.deepEqual(
    only(whole, 'evaluation').map(({ step }) => step),
    [3, 6, 9, 12],
  )
  assert.deepEqual(whole.at(-1), { kind: 'end', step: 12, interrupted: false })

  const begun = await run('parts', { evaluateEvery: 3, ...abortAfter(5) })
  // Step 6 was under way; it ends, and is saved. Its evaluation is left to the next start.
  assert.deepEqual(begun.at(-1), { kind: 'end', step: 6, interrupted: true })
  assert.deepEqual(
    only(begun, 'checkpoint').map(({ step }) => step),
    [6],
  )
  const rest = await run('parts', { evaluateEvery: 3 })
  const [start] = only(rest, 'start')
  assert.equal(start.step, 6)
  assert.equal(start.resumed, path('parts/checkpoints/step-00000006'))
  await assertSameRuns(path('whole'), path('parts'))
})

test('a step that the engine abandons for the signal is left to the resumed run, which has the same numbers', async (t) => {
  const { run, path } = await world()
  const host = openHost({ threads: 1 })
  t.after(() => host.close())
  await run('whole on host', { engine: host })
  const ends: number[] = []
  for (const reads of [700, 2000, Infinity]) {
    let finished = 0
    const during = { step: 0, isInStep: false }
    const signal = abortWhenRead(reads, () => {
      during.step = finished
      during.isInStep = host.memory.check !== undefined
    })
    const onEvent: RunOptions['onEvent'] = (event) => void (event.kind === 'step' && (finished = event.step))
    const end = only(await run('parts on host', { engine: host, signal, onEvent }), 'end')[0]
    if (end.interrupted) {
      assert.ok(during.isInStep, 'the signal came between two steps')
      // The step before was computed, and not yet reported.
      assert.equal(end.step, during.step + 1)
    }
    ends.push(end.step)
  }
  assert.ok(0 < ends[0] && ends[0] < ends[1] && ends[1] < 12 && ends[2] === 12, ends.join())
  await assertSameRuns(path('whole on host'), path('parts on host'))
})

test('what training shows: a falling loss, the rate of the warm-up, tokens, perplexity', async () => {
  const { run } = await world()
  await run('finished')
  const events = await run('finished')
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['start', 'evaluation', 'end'],
    'a finished run has nothing to do',
  )
  const again = await run('shown', { config: { train_steps: 12 } })
  const steps = only(again, 'step')
  assert.deepEqual(
    steps.map(({ step }) => step),
    Array.from({ length: 12 }, (_, i) => i + 1),
  )
  assert.equal(steps[0].learningRate, 0)
  assert.ok(steps[11].loss < steps[0].loss - 0.05, `${steps[0].loss} ${steps[11].loss}`)
  assert.equal(steps[11].tokens, 12 * 2 * 16)
  const [{ loss, perplexity, bitsPerByte }] = only(again, 'evaluation')
  assert.equal(perplexity, Math.exp(loss))
  assert.ok(bitsPerByte! > 0 && bitsPerByte! < loss)
  const evaluating = only(again, 'evaluating')
  assert.deepEqual(evaluating.at(-1), { kind: 'evaluating', done: evaluating.length, of: evaluating.length })
})

test('an interrupt during the last evaluation counts: the next start evaluates', async () => {
  const { run } = await world()
  const controller = new AbortController()
  const stopped = await run('evaluated', {
    config: { train_steps: 2 },
    signal: controller.signal,
    onEvent: (event) => void (event.kind === 'evaluating' && controller.abort()),
  })
  assert.deepEqual(stopped.at(-1), { kind: 'end', step: 2, interrupted: true })
  const rest = await run('evaluated', { config: { train_steps: 2 } })
  assert.equal(only(rest, 'step').length, 0)
  assert.equal(only(rest, 'evaluation').length, 1)
  assert.deepEqual(rest.at(-1), { kind: 'end', step: 2, interrupted: false })
})

test('an evaluation is repeated from the log only if it was of the same data and batches', async () => {
  const { run, samples, path } = await world()
  const config = { train_steps: 2 }
  const loss = (events: Awaited<ReturnType<typeof run>>) => only(events, 'evaluation').map((event) => event.loss)
  const made = (events: Awaited<ReturnType<typeof run>>) => only(events, 'evaluating').length > 0
  const [first] = loss(await run('evaluations', { config }))
  const again = await run('evaluations', { config })
  assert.deepEqual([loss(again), made(again)], [[first], false])
  const shorter = await run('evaluations', { config: { ...config, eval_steps: 1, eval_batch_size: 2 } })
  assert.ok(made(shorter) && loss(shorter)[0] !== first)
  const other = await run('evaluations', { config, validation: samples })
  assert.ok(made(other) && loss(other)[0] !== first)
  const last = (await readMetrics(path('evaluations/metrics.jsonl'))).at(-1)!
  assert.equal(last.validation_sequences, samples.size)
  assert.equal(last.validation_batch, 4)
  assert.match(last.validation_data!, /^[0-9a-f]{64}$/)
})

test('keepCheckpoints: 0 keeps all; other than an integer >= 0 is refused', async () => {
  const { run, path } = await world()
  const config = { train_steps: 3, steps_per_checkpoint: 1 }
  await run('kept', { config, keepCheckpoints: 0, validation: undefined })
  assert.equal(readdirSync(path('kept/checkpoints')).length, 3)
  for (const keepCheckpoints of [-1, 1.5, NaN])
    await assert.rejects(run('none', { config, keepCheckpoints }), {
      name: 'RangeError',
      message: `keepCheckpoints must be an integer >= 0 (got ${keepCheckpoints}). Give 0 to keep all`,
    })
})

test('a run resumed on other data says so', async () => {
  const { run, samples, validation } = await world()
  await run('moved', { config: { train_steps: 1 }, validation: undefined })
  const same = await run('moved', { config: { train_steps: 2 }, validation: undefined })
  const isOther = (note: string) => note.includes('was trained on other data up to step')
  assert.deepEqual(only(same, 'start')[0].notes!.filter(isOther), [])
  assert.ok(samples.size !== validation.size)
  const other = await run('moved', { config: { train_steps: 3 }, data: validation, validation: undefined })
  assert.match(
    only(other, 'start')[0].notes!.find(isOther)!,
    /up to step 2\. From there on it is trained on this data, from the beginning of its order/,
  )
})

test('checkpoints: every steps_per_checkpoint steps, the last two kept', async () => {
  const { run, path } = await world()
  const events = await run('often', { config: { train_steps: 7, steps_per_checkpoint: 2 } })
  assert.deepEqual(
    only(events, 'checkpoint').map(({ step }) => step),
    [2, 4, 6, 7],
  )
  assert.deepEqual(readdirSync(path('often/checkpoints')).sort(), ['step-00000006', 'step-00000007'])
})

test('files that a killed process left are removed, and so are metrics of lost steps', async () => {
  const { run, path } = await world()
  await run('killed', { config: { train_steps: 4 } })
  mkdirSync(path('killed/checkpoints/.step-00000008.0123456789ab.partial'))
  writeFileSync(path('killed/.config.json.0123456789ab.partial'), '{')
  const log = path('killed/metrics.jsonl')
  const known = await readMetrics(log)
  writeFileSync(log, `${known.map((line) => JSON.stringify(line)).join('\n')}\n{"step":5,"loss":1}\n{"step":6,"lo`)
  await run('killed', { config: { train_steps: 5 } })
  assert.deepEqual(readdirSync(path('killed')).sort(), ['checkpoints', 'config.json', 'history.jsonl', 'metrics.jsonl'])
  assert.deepEqual(readdirSync(path('killed/checkpoints')).sort(), ['step-00000004', 'step-00000005'])
  const steps = (await readMetrics(log)).filter(({ loss }) => loss !== undefined)
  assert.deepEqual(
    steps.map(({ step }) => step),
    [1, 2, 3, 4, 5],
  )
  assert.notEqual(steps[4].loss, 1)
})

test('layers scanned or unrolled: a checkpoint of one resumes in the other', async () => {
  const { run, path } = await world()
  const config = { n_layer: 4, attention_types: [[['global', 'local'], 2]] }
  for (const [first, second] of [
    ['scan', 'unroll'],
    ['unroll', 'scan'],
  ] as const) {
    const name = `${first}-${second}`
    await run(name, { layers: first, config, ...abortAfter(5) })
    const rest = await run(name, { layers: second, config })
    assert.deepEqual(rest.at(-1), { kind: 'end', step: 12, interrupted: false })
  }
  const checkpoints = ['scan-unroll', 'unroll-scan'].map((name) => path(name, 'checkpoints/step-00000012'))
  const [a, b] = await Promise.all(checkpoints.map((folder) => openCheckpoint(folder)))
  assert.deepEqual(Object.keys(b.manifest.variables).sort(), Object.keys(a.manifest.variables).sort())
  for (const [name, { shape }] of Object.entries(a.manifest.variables)) {
    const [x, y] = [await a.read(name, shape), await b.read(name, shape)]
    const worst = x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0)
    assert.ok(worst < 1e-4, `${name}: ${worst}`)
  }
  await a.close()
  await b.close()
})

test('microbatches give the loss, the gradient norm and the parameters of one batch', async () => {
  const { config, samples } = await world()
  const ids = new Int32Array(4 * 17)
  for (let row = 0; row < 4; row++) ids.set(await samples.read(row), row * 17)
  const results = []
  for (const tokens of [undefined, 32, 16]) {
    const changes = { train_batch_size: 4, warmup_steps: 0, ...(tokens ? { tokens_per_mb_per_replica: tokens } : {}) }
    const trainer = new Trainer(await engine(), config(changes))
    await trainer.initialise()
    const { loss, gradientNorm } = await trainer.trainOn(ids)
    results.push({
      loss: await loss.readScalar(),
      norm: await gradientNorm.readScalar(),
      wte: await trainer.parameters['gpt2/wte'].readFloats(),
    })
    trainer.dispose()
  }
  const [whole, ...parts] = results
  for (const { loss, norm, wte } of parts) {
    assert.ok(Math.abs(loss - whole.loss) < 1e-5, `${loss} ${whole.loss}`)
    assert.ok(Math.abs(norm - whole.norm) < 1e-5 * whole.norm, `${norm} ${whole.norm}`)
    assert.ok(wte.every((value, i) => Math.abs(value - whole.wte[i]) < 1e-5))
  }
})

test('a run that diverges reports it, and saves nothing after', async () => {
  const { run, path } = await world()
  const changes = { lr: 1e30, lr_decay: 'none', warmup_steps: 0, gradient_clipping: 1e30, weight_decay: 0 }
  await assert.rejects(run('diverged', { config: { ...changes, steps_per_checkpoint: 1 } }), {
    name: 'DivergenceError',
    message: /^step \d+: the (loss|gradient norm) is (NaN|-?Infinity): training diverged/,
  })
  for (const name of readdirSync(path('diverged/checkpoints')))
    await assert.doesNotReject(readAll(path('diverged/checkpoints', name)), name)
})

async function readAll(folder: string): Promise<void> {
  const checkpoint = await openCheckpoint(folder)
  for (const [name, { shape }] of Object.entries(checkpoint.manifest.variables)) await checkpoint.read(name, shape)
  await checkpoint.close()
}

test('a second start of the same run compiles nothing', async () => {
  const { run, path } = await world()
  const first = await run('first', { config: { n_embd: 12 }, ...abortAfter(1) })
  const before = readdirSync(path('cache/xla')).sort()
  const second = await run('second', { config: { n_embd: 12 }, ...abortAfter(1) })
  assert.equal(only(first, 'start')[0].program.fromCache, false)
  assert.equal(only(second, 'start')[0].program.fromCache, true)
  assert.deepEqual(readdirSync(path('cache/xla')).sort(), before, 'nor initial parameters')
})

test('1,000 steps grow neither memory nor the number of native objects', async (context) => {
  const { run } = await world()
  // What V8 holds for garbage goes up and down by tens of MB, so it is left out.
  const seen = new Map<number, { handles: object; bytes: number }>()
  await run('long', {
    config: { train_steps: 1000 },
    validation: undefined,
    onEvent: (event) => {
      if (event.kind === 'step' && [300, 990].includes(event.step))
        seen.set(event.step, { handles: liveHandles(), bytes: residentWithoutHeap() })
    },
  })
  const [early, late] = [seen.get(300)!, seen.get(990)!]
  assert.deepEqual({ ...late.handles, event: 0 }, { ...early.handles, event: 0 })
  assert.ok(late.bytes - early.bytes < 8e6, `${early.bytes} ${late.bytes}`)
  const [first, last] = [early, late].map(({ bytes }) => (bytes / 1e6).toFixed(1))
  context.diagnostic(`resident without V8's heap: ${first} MB after 300 steps, ${last} MB after 990`)
})

function residentWithoutHeap(): number {
  const { rss, heapTotal } = process.memoryUsage()
  return rss - heapTotal
}
