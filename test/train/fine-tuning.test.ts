import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseModelConfig, type ModelConfig } from '../../src/config/index.js'
import { exportPeft, importPeft, openAdapter, openModel } from '../../src/convert/index.js'
import { order } from '../../src/data/index.js'
import { jit, DeviceArray } from '../../src/engine/index.js'
import { openSafetensors } from '../../src/files/index.js'
import { loadModel } from '../../src/generate/index.js'
import type { Parameters } from '../../src/model/index.js'
import { dim, type Tensor } from '../../src/tensor/index.js'
import {
  fineTuningConfig,
  openCheckpoint,
  train,
  Trainer,
  type TrainEvent,
  type TrainOptions,
} from '../../src/train/index.js'
import { engine } from '../tensor/check.js'
import { assertSameRuns, only } from './support.js'

type Ids = Tensor<'batch' | 'sequence'>

const fixtures = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url))
const MODEL = join(fixtures, 'convert/hugging-face/single')
const PEFT = join(fixtures, 'reference/peft-adapter')
const recorded = JSON.parse(readFileSync(join(fixtures, 'reference/tuning.json'), 'utf8')) as {
  lr: number
  warmup_steps: number
  train_steps: number
  batch: number
  weight_decay: number
  full: number[]
  lora: number[]
}
const folder = mkdtempSync(join(tmpdir(), 'neomesh-tuning-'))
process.env.NEOMESH_CACHE = join(folder, 'cache')
after(() => rmSync(folder, { recursive: true, force: true }))

async function tensor(name: string, file = join(fixtures, 'reference/tuning.safetensors')) {
  const opened = await openSafetensors(file)
  const { data, dtype, shape } = await opened.read(name)
  await opened.close()
  const buffer = Uint8Array.from(data).buffer
  return { values: dtype === 'I32' ? new Int32Array(buffer) : new Float32Array(buffer), shape }
}

/** The recorded rows, in the order in which training reads them. */
async function recordedData(): Promise<TrainOptions['data'] & { rowOf(position: number): Int32Array }> {
  const { values, shape } = await tensor('tokens')
  const [steps, batch, width] = shape
  const size = steps * batch
  const { at } = order({ size, seed: 0 })
  const positions = new Map(Array.from({ length: size }, (_, position) => [at(position), position]))
  const rowOf = (position: number) => Int32Array.from(values.subarray(position * width, (position + 1) * width))
  const read = async (number: number) => rowOf(positions.get(number)!)
  return { size, contextLength: width - 1, files: [], bytesPerToken: undefined, indexes: [], read, rowOf, close() {} }
}

/** The settings of the recording. */
async function config(changes: Record<string, unknown> = {}): Promise<ModelConfig> {
  const model = await openModel(MODEL)
  await model.close()
  const { lr, warmup_steps, train_steps, batch, weight_decay } = recorded
  const given = { lr, warmup_steps, weight_decay, train_steps, train_batch_size: batch, ...changes }
  return parseModelConfig(JSON.parse(JSON.stringify(fineTuningConfig(model.config, 1, given as never))), 'test').config
}

async function run(name: string, options: Partial<TrainOptions>): Promise<TrainEvent[]> {
  const events: TrainEvent[] = []
  const data = await recordedData()
  for await (const event of train({ engine: await engine(), run: join(folder, name), data, ...options }))
    events.push(event)
  return events
}

test('fifty steps from a Hugging Face folder are those of transformers and PyTorch', async () => {
  const events = await run('full', { from: MODEL, config: await config() })
  const losses = only(events, 'step').map(({ loss }) => loss)
  assert.ok(Math.abs(losses[0] - recorded.full[0]) < 1e-6, `${losses[0]} ${recorded.full[0]}`)
  const far = Math.max(...losses.map((loss, i) => Math.abs(loss - recorded.full[i])))
  assert.equal(losses.length, 50)
  assert.ok(far < 1e-4, `within ${far}`)
})

test("a PEFT adapter gives PEFT's logits and merged weights, and goes back as it came", async () => {
  const on = await engine()
  const model = await loadModel(on, MODEL, { adapter: PEFT })
  const { values: tokens, shape } = await tensor('tokens')
  const [, batch, width] = shape
  const ids = new Int32Array(batch * (width - 1))
  for (let row = 0; row < batch; row++) ids.set(tokens.subarray(row * width, (row + 1) * width - 1), row * (width - 1))
  const dims = [dim('batch', batch), dim('sequence', width - 1)]
  const given = DeviceArray.from(on, ids, dims, 'i32')
  const logits = jit(on, (parameters: Parameters, x: Tensor) => model.model.logits(parameters, x as Ids))
  const found = (await (await logits(model.parameters, given)).read()) as Float32Array
  const { values: wanted } = await tensor('lora/logits')
  assert.ok(Math.max(...found.map((x, i) => Math.abs(x - wanted[i]))) < 1e-5)

  const merged = await openModel(MODEL, { adapter: PEFT })
  for (const [ours, theirs] of [
    ['gpt2/h0/attn/q', 'transformer.h.0.attn.attention.q_proj.weight'],
    ['gpt2/h1/attn/o', 'transformer.h.1.attn.attention.out_proj.weight'],
    ['gpt2/h0/mlp/conv1d_main/c_fc/kernel', 'transformer.h.0.mlp.c_fc.weight'],
  ]) {
    const { values, shape } = await tensor(`merged/${theirs}`)
    const [out, from] = shape
    const own = await merged.read(ours, [from, out])
    for (let i = 0; i < from; i++)
      for (let o = 0; o < out; o++) assert.ok(Math.abs(own[i * out + o] - values[o * from + i]) < 1e-6, ours)
  }
  await merged.close()

  const [imported, exported] = [join(folder, 'imported'), join(folder, 'exported')]
  await importPeft(PEFT, MODEL, imported)
  await exportPeft(imported, exported)
  const json = (at: string) =>
    JSON.parse(readFileSync(join(at, 'adapter_config.json'), 'utf8')) as Record<string, unknown>
  const [before, now] = [json(PEFT), json(exported)]
  for (const key of ['r', 'lora_alpha', 'lora_dropout', 'bias', 'peft_type', 'task_type'])
    assert.equal(now[key], before[key])
  assert.deepEqual(now.target_modules, (before.target_modules as string[]).sort())
  const file = (at: string) => join(at, 'adapter_model.safetensors')
  const [first, second] = await Promise.all([PEFT, exported].map((at) => openSafetensors(file(at))))
  assert.deepEqual([...second.tensors.keys()].sort(), [...first.tensors.keys()].sort())
  for (const name of first.tensors.keys())
    assert.deepEqual((await second.read(name)).data, (await first.read(name)).data, name)
  await Promise.all([first.close(), second.close()])
})

for (const layers of ['unroll', 'scan'] as const)
  test(`an adapter is trained as PEFT trains it, layers in ${layers} mode`, async () => {
    const lora = { lora_rank: 3, lora_alpha: 6, lora_targets: ['/attn/[qvo]$', 'c_fc/kernel$'], weight_decay: 0 }
    const trainer = new Trainer(await engine(), await config(lora), layers)
    const [base, adapter, data] = [await openModel(MODEL), await openAdapter(PEFT), await recordedData()]
    const read = ({ name, shape }: { name: string; shape: readonly number[] }) => {
      const [, matrix, side] = /^(.*)\/lora_([ab])$/.exec(name) ?? []
      return matrix ? adapter.pairs.get(matrix)![side as 'a' | 'b'].data() : base.read(name, shape)
    }
    await trainer.start(read)
    const frozen = await trainer.parameters['gpt2/h0/attn/k'].read()
    for (const [step, wanted] of recorded.lora.entries()) {
      const rows = [0, 1].map((row) => data.rowOf(step * 2 + row))
      const metrics = await trainer.trainOn(Int32Array.from(rows.flatMap((row) => [...row])))
      const loss = await metrics.loss.readScalar()
      assert.ok(Math.abs(loss - wanted) < 1e-4, `step ${step}: ${loss}, PEFT ${wanted}`)
    }
    assert.deepEqual(await trainer.parameters['gpt2/h0/attn/k'].read(), frozen)
    trainer.dispose()
    await Promise.all([base.close(), adapter.close()])
  })

test('checkpoints of adapters hold those alone, resume exactly, and are merged where a model is read', async () => {
  const given = async (steps: number) => ({
    config: await config({ lora_rank: 2, lora_dropout: 0.2, train_steps: steps, warmup_steps: 0, lr_decay: 'none' }),
    from: MODEL,
  })
  const [start] = only(await run('lora', await given(4)), 'start')
  assert.equal(start.from, MODEL)
  await run('parts', await given(2))
  await run('parts', await given(4))
  await rmHistory('parts')
  const { manifest, close } = await openCheckpoint(join(folder, 'lora/checkpoints/step-00000004'))
  await close()
  const names = Object.keys(manifest.variables)
  assert.ok(
    names.every((name) => /\/attn\/[qv]\/lora_[ab](\/adam_[mv])?$/.test(name)),
    names.join(),
  )
  assert.equal(manifest.base!.path, MODEL)
  await assertSameRuns(join(folder, 'lora'), join(folder, 'parts'))

  const [whole, bare, base] = await Promise.all([
    openModel(join(folder, 'lora')),
    openModel(join(folder, 'lora'), { adapter: false }),
    openModel(MODEL),
  ])
  const shape = base.shapeOf('gpt2/h0/attn/q')!
  const [merged, without, own] = await Promise.all(
    [whole, bare, base].map((each) => each.read('gpt2/h0/attn/q', shape)),
  )
  assert.deepEqual(without, own)
  assert.notDeepEqual(merged, own)
  assert.equal(whole.config.lora_rank, 0)
  await Promise.all([whole, bare, base].map((each) => each.close()))

  // A base that is another one is refused.
  const moved = join(folder, 'moved')
  cpSync(MODEL, moved, { recursive: true })
  assert.ok(existsSync(join(moved, 'config.json')))
  const other = { ...(await given(5)), from: join(fixtures, 'convert/hugging-face/sharded') }
  await assert.rejects(run('lora', other), /must be the model that the adapters of .* were trained on/)
  await run('lora', { ...(await given(5)), from: moved })
})

test('frozen variables keep their numbers and have no state', async () => {
  const freeze = ['gpt2/w[tp]e$', '/h0/', 'norm']
  await run('frozen', { from: MODEL, config: await config({ freeze, train_steps: 2, warmup_steps: 0 }) })
  const [trained, base] = [await openModel(join(folder, 'frozen')), await openModel(MODEL)]
  const { manifest, close } = await openCheckpoint(join(folder, 'frozen/checkpoints/step-00000002'))
  await close()
  const names = Object.keys(manifest.variables)
  for (const name of names.filter((each) => !each.includes('/adam_'))) {
    const shape = base.shapeOf(name)!
    const same =
      Buffer.compare(
        Buffer.from((await base.read(name, shape)).slice().buffer),
        Buffer.from((await trained.read(name, shape)).slice().buffer),
      ) === 0
    const isFrozen = freeze.some((pattern) => new RegExp(pattern).test(name))
    assert.equal(same, isFrozen, name)
    assert.equal(names.includes(`${name}/adam_m`), !isFrozen, name)
  }
  await Promise.all([trained.close(), base.close()])
})

test('patterns that match nothing, and adapters without a model, are refused', async () => {
  const refused = async (changes: Record<string, unknown>, pattern: RegExp, from: string | null = MODEL) =>
    assert.rejects(
      run('refused', { from: from ?? undefined, config: await config({ ...changes, train_steps: 1 }) }),
      pattern,
    )
  await refused(
    { freeze: ['attn/x'] },
    /^ConfigError: freeze: each must match a variable of the model \(got "attn\/x"\)/,
  )
  await refused({ freeze: ['.'] }, /^ConfigError: freeze: a variable must be left to train/)
  await refused(
    { lora_rank: 2, lora_targets: ['norm_1'] },
    /lora_targets: each must match a matrix of the model \(got "norm_1"\)/,
  )
  await refused({ lora_rank: 2 }, /lora_rank needs a model that the adapters are of/, null)
})

/** A run that was resumed with more steps differs in its notes of that alone. */
async function rmHistory(name: string): Promise<void> {
  const { readFileSync: read, writeFileSync } = await import('node:fs')
  const path = join(folder, name, 'metrics.jsonl')
  const lines = read(path, 'utf8')
    .split('\n')
    .filter((line) => !line.includes('"changed"'))
  writeFileSync(path, lines.join('\n'))
}
