/** Mixtures of experts against a slow loop over tokens, and what their settings do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mixtureSchema, type MixtureConfig } from '../../src/config/keys/mixture.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { modelShape, type Parameters } from '../../src/model/index.js'
import { capacityOf, groupsOf, mixture } from '../../src/model/moe/mixture.js'
import { Scope, type ParameterSpec } from '../../src/model/scope.js'
import { fill, random, sizeOf, trace, type Tensor } from '../../src/tensor/index.js'
import { close, engine, numbers } from '../tensor/check.js'
import { configOf } from './support.js'

const [BATCH, LENGTH, WIDTH, HIDDEN] = [2, 12, 5, 7]

interface Case {
  readonly params: Record<string, unknown>
  readonly training?: boolean
  readonly dropless?: boolean
  readonly seed?: number
}

/** Runs a layer alone; returns its result by token, the balance loss (weight 1), inputs and parameters. */
async function run({ params, training = false, dropless = false, seed = 1 }: Case) {
  const settings = mixtureSchema.parse({
    moe_num_experts: 3,
    moe_hidden_size: HIDDEN,
    moe_group_size: 12,
    moe_loss_coef: 1,
    ...params,
  })
  const config = configOf({
    n_embd: WIDTH,
    n_head: 1,
    n_ctx: LENGTH,
    moe_layers: [0],
    moe_params: settings,
    moe_activation: 'relu',
  })
  const model = modelShape(config, { batch: BATCH })
  const { batch, sequence, embd } = model
  let specs: ParameterSpec[] = []
  const layer = (at: Scope, x: Tensor) => mixture(at.in('h0'), x, model, { dropless })
  trace(() => {
    specs = Scope.describe('f32', 'unroll', (at) => layer(at, fill([batch, sequence, embd], 0, 'f32')))
    return []
  }, [])
  const next = numbers(seed)
  const draw = (count: number) => Float32Array.from({ length: count }, () => 2 * (next() - 0.5))
  const on = await engine()
  const values = Object.fromEntries(specs.map(({ name, dims }) => [name.replace('gpt2/h0/', ''), draw(sizeOf(dims))]))
  const x = draw(BATCH * LENGTH * WIDTH)
  const parameters = Object.fromEntries(
    specs.map(({ name, dims }) => [name, DeviceArray.from(on, values[name.replace('gpt2/h0/', '')], dims, 'f32')]),
  )
  const compiled = jit(on, (p: Parameters, input: Tensor) =>
    layer(Scope.over(specs, p, 'f32', 'unroll', training ? { key: random.key(9) } : null), input),
  )
  const found = (await (compiled as any)(parameters, DeviceArray.from(on, x, [batch, sequence, embd], 'f32'))) as {
    x: DeviceArray
    balance: DeviceArray
  }
  return { y: Array.from(await found.x.readFloats()), balance: await found.balance.readScalar(), x, values, settings }
}

const soft = (xs: number[]) => {
  const e = xs.map(Math.exp),
    s = e.reduce((a, b) => a + b)
  return e.map((v) => v / s)
}

/** The same, token by token: who goes where, then one feed-forward at a time. */
function slowly(
  x: Float32Array,
  values: Record<string, Float32Array>,
  settings: MixtureConfig,
  training: boolean,
  dropless: boolean,
) {
  const experts = settings.moe_num_experts
  const tokens = BATCH * LENGTH
  const { groups, group } = groupsOf(tokens, settings)
  const capacity = dropless ? Infinity : capacityOf(group.size, settings, training)
  const kernel = values[`${settings.moe_gating}_gating/kernel`]
  const row = (t: number) => x.slice(t * WIDTH, (t + 1) * WIDTH)
  const gates = Array.from({ length: tokens }, (_, t) =>
    soft(Array.from({ length: experts }, (_, e) => row(t).reduce((s, v, i) => s + v * kernel[i * experts + e], 0))),
  )
  const order = (p: number[]) => p.map((_, e) => e).sort((a, b) => p[b] - p[a] || a - b)
  const y = new Float64Array(tokens * WIDTH)
  let balance = 0
  for (let g = 0; g < groups.size; g++) {
    const mine = Array.from({ length: group.size }, (_, i) => g * group.size + i)
    const taken = Array(experts).fill(0)
    const send = (t: number, e: number, weight: number) => {
      const h = Array.from({ length: HIDDEN }, (_, j) =>
        Math.max(
          0,
          row(t).reduce((s, v, i) => s + v * values['wi/kernel'][(e * WIDTH + i) * HIDDEN + j], 0),
        ),
      )
      for (let i = 0; i < WIDTH; i++)
        y[t * WIDTH + i] += weight * h.reduce((s, v, j) => s + v * values['wo/kernel'][(e * HIDDEN + j) * WIDTH + i], 0)
    }
    const tries =
      settings.moe_gating === 'switch'
        ? Math.min(settings.moe_switch_top_k, experts)
        : settings.moe_gating === 'top_2'
          ? 2
          : 1
    const left = new Set(mine)
    for (let k = 0; k < tries; k++)
      for (const t of mine) {
        if (settings.moe_gating === 'switch' && !left.has(t)) continue
        const ranked = order(gates[t])
        const e = ranked[k]
        const policy = training ? settings.moe_second_policy_train : settings.moe_second_policy_eval
        const threshold = training ? settings.moe_second_threshold_train : settings.moe_second_threshold_eval
        const both = gates[t][ranked[0]] + gates[t][ranked[1]] + 1e-9
        const weight = settings.moe_gating === 'top_2' ? gates[t][e] / both : gates[t][e]
        if (
          k === 1 &&
          settings.moe_gating === 'top_2' &&
          (policy === 'none' || (policy === 'threshold' && !(weight > threshold)))
        )
          continue
        if (taken[e] >= capacity) continue
        taken[e]++
        left.delete(t)
        send(t, e, weight)
      }
    const measured = settings.moe_gating === 'switch' ? tries : 1
    for (let e = 0; e < experts; e++) {
      const part =
        mine.reduce(
          (s, t) =>
            s +
            order(gates[t])
              .slice(0, measured)
              .filter((other) => other === e).length /
              measured,
          0,
        ) / group.size
      balance += (part * (mine.reduce((s, t) => s + gates[t][e], 0) / group.size) * experts) / groups.size
      if (settings.moe_gating !== 'top_2' || !settings.moe_use_second_place_loss) continue
      const second = mine.filter((t) => order(gates[t])[1] === e).length / group.size
      const others =
        mine.reduce(
          (s, t) => s + (order(gates[t])[0] === e ? 0 : gates[t][e]) / (1 - Math.max(...gates[t]) + 1e-9),
          0,
        ) / group.size
      balance += (0.5 * second * others * experts) / groups.size
    }
  }
  return { y: Array.from(y), balance }
}

const CASES: Record<string, Case> = {
  'top-2, room for most': { params: { moe_second_policy_eval: 'all' } },
  'top-2, few places': { params: { moe_second_policy_eval: 'all', moe_capacity_factor_eval: 0.6 } },
  'top-2 in training, other settings': {
    params: { moe_second_policy_train: 'threshold', moe_second_threshold_train: 0.45, moe_capacity_factor_train: 1 },
    training: true,
  },
  'top-2, first choices only': { params: { moe_second_policy_eval: 'none' } },
  'top-2, second places balanced, one group': {
    params: { moe_second_policy_eval: 'all', moe_use_second_place_loss: true, moe_group_size: 100 },
  },
  'top-2, small groups and a least capacity': {
    params: {
      moe_second_policy_eval: 'all',
      moe_group_size: 5,
      moe_min_expert_capacity: 3,
      moe_capacity_factor_eval: 0.1,
    },
  },
  'top-2, dropless': { params: { moe_second_policy_eval: 'all', moe_capacity_factor_eval: 0.3 }, dropless: true },
  'rand-1': { params: { moe_gating: 'rand_1', moe_capacity_factor_eval: 0.8 } },
  'switch, tokens that find their first expert full': {
    params: { moe_gating: 'switch', moe_switch_top_k: 3, moe_capacity_factor_eval: 0.8 },
  },
  'switch, two tries': { params: { moe_gating: 'switch', moe_switch_top_k: 2, moe_capacity_factor_eval: 0.5 } },
}
for (const [name, given] of Object.entries(CASES))
  test(name, async () => {
    const { y, balance, x, values, settings } = await run(given)
    const wanted = slowly(x, values, settings, given.training ?? false, given.dropless ?? false)
    close(y, wanted.y, 1e-5, 'result')
    close([balance], [wanted.balance], 1e-5, 'balance')
  })

test('groups: as many as moe_group_size asks for, more until they cut the tokens evenly', () => {
  const sizes = (tokens: number, size: number) => {
    const { groups, group } = groupsOf(tokens, mixtureSchema.parse({ moe_group_size: size }))
    return [groups.size, group.size]
  }
  assert.deepEqual(
    [sizes(1024, 1024), sizes(100, 1024), sizes(4096, 1000), sizes(30, 7), sizes(7, 2)],
    [
      [1, 1024],
      [1, 100],
      [4, 1024],
      [5, 6],
      [7, 1],
    ],
  )
})
test('capacity: the recorded rule', () => {
  const settings = mixtureSchema.parse({})
  assert.deepEqual(
    [capacityOf(1024, settings, true), capacityOf(1024, settings, false), capacityOf(4, settings, true)],
    [80, 128, 1],
  )
})
test('chance: jitter and dropout in training only; samples and second places by their policies', async () => {
  const rand = (policy: string, training: boolean, more = {}) =>
    run({
      params: {
        moe_gating: 'rand_1',
        moe_rand_1_policy_train: policy,
        moe_rand_1_policy_eval: policy,
        moe_capacity_factor_eval: 9,
        moe_capacity_factor_train: 9,
        ...more,
      },
      training,
    })
  const plain = (await rand('argmax', false)).y
  for (const policy of ['input_jitter', 'input_dropout']) {
    assert.deepEqual((await rand(policy, false)).y, plain)
    assert.notDeepEqual((await rand(policy, true)).y, plain)
  }
  const jittered = (await rand('input_jitter', true)).y
  assert.ok(
    jittered.filter((v, i) => Math.abs(v - plain[i]) < 0.1).length > 0.8 * plain.length,
    'jitter of 1% changes little',
  )
  assert.notDeepEqual((await rand('sample', false)).y, plain)
  const second = (policy: string, threshold: number) =>
    run({
      params: { moe_second_policy_eval: policy, moe_second_threshold_eval: threshold, moe_capacity_factor_eval: 9 },
    })
  const [all, none, surely, never, some] = await Promise.all([
    second('all', 0),
    second('none', 0),
    second('random', 0),
    second('random', 1),
    second('random', 0.6),
  ])
  close(surely.y, all.y, 1e-6, 'a threshold of 0 keeps every second place')
  assert.notDeepEqual(never.y, all.y)
  assert.notDeepEqual(some.y, all.y)
  assert.notDeepEqual(some.y, none.y)
})
