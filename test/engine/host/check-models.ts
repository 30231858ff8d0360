/** Training and sampling of models of every kind on two engines, compared. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { ModelConfig } from '../../../src/config/index.js'
import { DeviceArray, type Engine } from '../../../src/engine/index.js'
import { generate, type GenerateOptions } from '../../../src/generate/index.js'
import { GptNeo, type LayerMode } from '../../../src/model/index.js'
import { Trainer } from '../../../src/train/trainer.js'
import { configOf } from '../../model/support.js'
import { numbers } from '../../tensor/check.js'
import { xla } from './compare.js'

const kinds = (...names: string[]) => ({ attention_types: [[names, 1]], n_layer: names.length })
export const KINDS: Record<string, { changes: Record<string, unknown>; layers?: LayerMode }> = {
  global: { changes: kinds('global', 'global') },
  local: { changes: { ...kinds('local', 'global'), local_attention_radius: 5 } },
  linear: { changes: kinds('linear', 'linear') },
  'mixture of experts': {
    changes: { moe_layers: [1], moe_params: { moe_num_experts: 3, moe_hidden_size: 16, moe_group_size: 16 } },
  },
  rotary: { changes: { ...kinds('global', 'local'), local_attention_radius: 5, rotary_emb: true } },
  microbatched: { changes: { tokens_per_mb_per_replica: 32 } },
  recomputed: { changes: { recompute_grad: true, res_dropout: 0.1, attn_dropout: 0.1 } },
  'scanned layers': { changes: { n_layer: 4 }, layers: 'scan' },
}

export const STEPS = 20
export const TOLERANCE = 1e-4

interface Trained {
  /** After the first step and after the last: the numbers of each parameter. */
  readonly parameters: Record<string, Float32Array>[]
  readonly losses: number[]
  readonly norms: number[]
}

/** Ids of training steps, which do not depend on an engine. */
function batches({ train_batch_size, n_ctx, n_vocab }: ModelConfig): () => Int32Array {
  const next = numbers(11)
  return () => Int32Array.from({ length: train_batch_size * (n_ctx + 1) }, () => Math.floor(next() * n_vocab))
}

async function stepOn(trainer: Trainer, ids: Int32Array): Promise<{ loss: number; norm: number }> {
  const metrics = await trainer.trainOn(ids)
  const [loss, norm] = [await metrics.loss.readScalar(), await metrics.gradientNorm.readScalar()]
  Object.values(metrics).forEach((x: DeviceArray) => x.dispose())
  return { loss, norm }
}

async function parametersIn(trainer: Trainer): Promise<Record<string, Float32Array>> {
  const read = Object.entries(trainer.parameters).map(async ([name, x]) => [name, await x.readFloats()])
  return Object.fromEntries(await Promise.all(read)) as Record<string, Float32Array>
}

/** Trains from parameters given. */
export async function trained(engine: Engine, config: ModelConfig, layers: LayerMode, start: Start): Promise<Trained> {
  const trainer = new Trainer(engine, config, layers)
  await trainer.start(async ({ name, shape }) => start(name, shape))
  const next = batches(config)
  const [losses, norms, parameters]: [number[], number[], Trained['parameters']] = [[], [], []]
  for (let step = 0; step < STEPS; step++) {
    const { loss, norm } = await stepOn(trainer, next())
    losses.push(loss)
    norms.push(norm)
    if (step === 0 || step === STEPS - 1) parameters.push(await parametersIn(trainer))
  }
  trainer.dispose()
  assert.ok(losses.at(-1)! < losses[0] - 0.05, 'it learns')
  return { losses, norms, parameters }
}

/**
 * How far losses, gradient norms and new parameters of two engines are apart at each of the same steps, each taken from the
 * state that the first engine has come to.
 */
export async function stepByStep(
  [leading, following]: readonly [Engine, Engine],
  config: ModelConfig,
  layers: LayerMode,
  start: Start,
  folder: string,
): Promise<{ losses: number[]; norms: number[]; parameters: number[] }> {
  const [leader, follower] = [leading, following].map((engine) => new Trainer(engine, config, layers))
  await leader.start(async ({ name, shape }) => start(name, shape))
  const next = batches(config)
  const off = { losses: [] as number[], norms: [] as number[], parameters: [] as number[] }
  for (let step = 0; step < STEPS; step++) {
    await leader.save(`${folder}/${step}`)
    await follower.restore(`${folder}/${step}`)
    const ids = next()
    const [wanted, found] = [await stepOn(leader, ids), await stepOn(follower, ids)]
    off.losses.push(Math.abs(found.loss - wanted.loss))
    off.norms.push(Math.abs(found.norm - wanted.norm))
    const [theirs, ours] = [await parametersIn(leader), await parametersIn(follower)]
    off.parameters.push(Math.max(...Object.keys(theirs).map((name) => difference(ours[name], theirs[name]))))
  }
  leader.dispose()
  follower.dispose()
  return off
}
type Start = (name: string, shape: readonly number[]) => Float32Array

/** Numbers of each variable that do not depend on an engine. */
export function startOf(seed: number): Start {
  const known = new Map<string, Float32Array>()
  return (name, shape) => {
    const found = known.get(name)
    if (found) return found
    const next = numbers(seed + known.size)
    const size = shape.reduce((a, b) => a * b, 1)
    const made = Float32Array.from({ length: size }, () => (next() - 0.5) * 0.4 + (shape.length === 1 ? 1 : 0))
    known.set(name, made)
    return made
  }
}

/** The same numbers, each in its last place one more, one less or as it was. */
export function disturb(start: Start, seed: number): Start {
  const next = numbers(seed)
  return (name, shape) => {
    const words = new Int32Array(start(name, shape).slice().buffer)
    return new Float32Array(words.map((word) => word + Math.floor(next() * 3) - 1).buffer)
  }
}

export function difference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  assert.equal(found.length, wanted.length)
  let largest = 0
  for (let i = 0; i < wanted.length; i++) largest = Math.max(largest, Math.abs(found[i] - wanted[i]))
  return largest
}

export const configFor = (changes: Record<string, unknown>) =>
  configOf({ n_ctx: 16, train_batch_size: 4, lr: 1e-3, warmup_steps: 0, ...changes })

/** Trains a model of a kind as on XLA. */
export async function checkModel(kind: string, engine: Engine, t: TestContext): Promise<void> {
  const { changes, layers = 'unroll' } = KINDS[kind]
  const start = startOf(5)
  const wanted = await trained(await xla(), configFor(changes), layers, start)
  const found = await trained(engine, configFor(changes), layers, start)
  const off = [difference(found.losses, wanted.losses), difference(found.norms, wanted.norms)]
  t.diagnostic(`losses and gradient norms differ by ${off.map((x) => x.toExponential(1)).join(' and ')}`)
  assert.ok(Math.max(...off) <= TOLERANCE)
  compareParameters(found, wanted)
}

export function compareParameters(found: Trained, wanted: Trained): void {
  for (const [i, parameters] of wanted.parameters.entries())
    for (const [name, numbers] of Object.entries(parameters)) {
      const off = difference(found.parameters[i][name], numbers)
      assert.ok(off <= TOLERANCE, `${name} after ${i === 0 ? 1 : STEPS} steps: off by ${off}`)
    }
}

/** Tokens from a model whose parameters no engine drew. */
export async function sampled(
  engine: Engine,
  changes: Record<string, unknown>,
  settings: GenerateOptions,
): Promise<number[]> {
  const config = configOf({ n_ctx: 40, ...changes })
  const bound = new GptNeo(config)
  const start = startOf(9)
  const entries = bound.specs.map(({ name, dims }) => {
    const numbers = start(
      name,
      dims.map(({ size }) => size),
    ).map((x) => 2 * x)
    return [name, DeviceArray.from(engine, numbers, dims, 'f32')] as const
  })
  const model = { engine, config, model: bound, parameters: Object.fromEntries(entries) }
  const ids: number[] = []
  for await (const tokens of generate(
    model,
    [
      [3, 14, 15],
      [9, 2],
    ],
    { maxTokens: 24, ...settings },
  ))
    ids.push(...tokens.filter((id) => id !== null))
  entries.forEach(([, array]) => array.dispose())
  return ids
}
