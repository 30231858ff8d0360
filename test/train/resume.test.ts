import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TrainOptions } from '../../src/train/index.js'
import { readHistory, readMetrics } from '../../src/train/index.js'
import { order } from '../../src/data/index.js'
import { only, world } from './support.js'

/** The same data, noting which samples are asked for, in order of the steps that use them. */
function watched(data: TrainOptions['data']) {
  const read: number[] = []
  return {
    read,
    data: {
      ...data,
      read(number: number) {
        read.push(number)
        return data.read(number)
      },
    },
  }
}

test('under another batch size no sample is skipped or read twice, whatever the step', async () => {
  const { run, samples, path } = await world()
  const positions = order({ size: samples.size, seed: 7 })
  let state = 11
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below
  let [step, position] = [0, 0]
  // Twenty steps at which the batch size changes, over several epochs.
  for (let i = 0; i < 20; i++) {
    const batch = 1 + ((i * 2 + random(2)) % 3)
    const until = step + 1 + random(2)
    const { data, read } = watched(samples)
    const small = { n_layer: 1, n_embd: 4, attention_types: [[['global'], 1]], warmup_steps: 0 }
    const config = { ...small, train_batch_size: batch, train_steps: until }
    const events = await run('batches', { config, data, validation: undefined })
    assert.equal(only(events, 'start')[0].step, step)
    const count = batch * (until - step)
    const wanted = Array.from({ length: count }, (_, at) => positions.at(position + at))
    // The identity of the data reads some samples first, and one batch is read ahead.
    const used = read.slice(Math.min(samples.size, 128)).slice(0, count)
    assert.deepEqual(used, wanted, `batch ${batch} from step ${step}`)
    ;[step, position] = [until, position + count]
  }
  const [folder] = readdirSync(path('batches/checkpoints')).slice(-1)
  const manifest = JSON.parse(readFileSync(path('batches/checkpoints', folder, 'manifest.json'), 'utf8'))
  assert.equal(manifest.position, position)
  assert.equal(manifest.tokens, position * 16)
  const lines = (await readMetrics(path('batches/metrics.jsonl'))).filter(({ loss }) => loss !== undefined)
  assert.equal(lines.at(-1)!.tokens, position * 16)
})

test('every setting may change and change back; the history and the metrics explain it', async () => {
  const { run, path } = await world()
  const resume = (step: number, config: Record<string, unknown>) =>
    run('changing', { config: { warmup_steps: 0, ...config, train_steps: step }, validation: undefined })
  await resume(1, {})
  const changes: Record<string, unknown> = {
    lr: 0.0003,
    lr_decay: 'cosine',
    warmup_steps: 4,
    train_batch_size: 3,
    res_dropout: 0.1,
    precision: 'bfloat16',
    beta2: 0.999,
    weight_decay: 0,
    gradient_clipping: 0.5,
    z_loss: 0,
    eval_steps: 1,
    tokens_per_mb_per_replica: 16,
  }
  const [start] = only(await resume(2, changes), 'start')
  for (const key of Object.keys(changes))
    assert.ok(
      start.notes!.some((note) => note.startsWith(`after step 1, ${key} was `)),
      key,
    )
  await resume(3, {})
  const history = await readHistory(path('changing'))
  for (const [key, value] of Object.entries(changes)) {
    const [there, back] = history.filter(({ what }) => what === key)
    assert.deepEqual([there.step, there.to, back.step, back.from], [1, value, 2, value], key)
    assert.deepEqual(back.to, there.from, key)
  }
  const marked = (await readMetrics(path('changing/metrics.jsonl'))).filter(({ changed }) => changed)
  assert.deepEqual(
    marked.map(({ step }) => step),
    [1, 2],
  )
  assert.deepEqual(marked[0].changed!.lr, [0.003, 0.0003])
})

test('another optimizer begins with an empty state and its own count of steps; its way back too', async () => {
  const { run, path } = await world()
  const resume = (step: number, opt_name: string) =>
    run('optimizers', { config: { opt_name, train_steps: step }, validation: undefined })
  await resume(3, 'adamw')
  const [start] = only(await resume(4, 'lion'), 'start')
  assert.match(start.notes!.join('\n'), /step-00000003 has no state of lion: it begins with an empty one/)
  const manifest = () =>
    JSON.parse(readFileSync(path('optimizers/checkpoints/step-00000004/manifest.json'), 'utf8')) as {
      optimizer_start?: number
    }
  assert.equal(manifest().optimizer_start, 3)
  const [kept] = only(await resume(5, 'lion'), 'start')
  assert.ok(!kept.notes!.some((note) => note.includes('empty one')))
})

test('weights that do not fit are refused in one line that names every key and value', async () => {
  const { run, path } = await world()
  await run('fixed', { config: { train_steps: 1 }, validation: undefined })
  await assert.rejects(
    run('fixed', {
      config: { train_steps: 2, n_head: 4, attention_types: [[['global'], 2]] },
      validation: undefined,
    }),
    {
      name: 'FileError',
      message:
        `the config must fit the weights of ${path('fixed/checkpoints/step-00000001')}: n_head 2 (got 4), ` +
        'attention_types [global, local] (got [global] x 2). Restore these keys, or begin a new run from the weights ' +
        'with --from (from)',
    },
  )
})

test('a checkpoint of an earlier version, without a position, resumes where its steps ended', async () => {
  const { run, path, samples } = await world()
  await run('old', { config: { train_steps: 2 }, validation: undefined })
  const file = path('old/checkpoints/step-00000002/manifest.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  assert.ok(!('position' in manifest) && !('optimizer_start' in manifest))
  writeFileSync(file, JSON.stringify(manifest))
  const { data, read } = watched(samples)
  await run('old', { config: { train_steps: 3, train_batch_size: 1 }, data, validation: undefined })
  const positions = order({ size: samples.size, seed: 7 })
  assert.equal(read[Math.min(samples.size, 128)], positions.at(4))
})
