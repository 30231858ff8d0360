/** Optimizers against their definitions on the host. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ParameterSpec } from '../../src/model/index.js'
import { clip, OPTIMIZERS, slotsOf } from '../../src/train/optimizers/index.js'
import { isMatrix, orthogonalised } from '../../src/train/optimizers/muon.js'
import { slotName } from '../../src/train/parameters.js'
import { constant, dim, sizeOf, type Dim, type Tensor } from '../../src/tensor/index.js'
import { configOf } from '../model/support.js'
import { close, evaluate, nest, numbers } from '../tensor/check.js'

const zero = { kind: 'constant', value: 0 } as const
const variable = (name: string, ...shape: number[]): ParameterSpec => {
  const dims = shape.map((size, i) => dim(`d${i}`, size))
  return { name, names: [name], dims, logical: dims, shape, shapeNames: dims.map((own) => own.name), initializer: zero }
}
/** Two layers of it in one array. */
function stacked(spec: ParameterSpec): ParameterSpec {
  const dims = [dim('layers', 2), ...spec.dims]
  return { ...spec, names: [spec.name, spec.name.replace('h0', 'h1')], dims, logical: dims }
}

const drawn = (seed: number, count: number, scale = 1) => {
  const next = numbers(seed)
  return Array.from({ length: count }, () => Math.fround(scale * (next() - 0.5)))
}

/** `steps` updates with gradients drawn anew for each; returns the parameter and its slots. */
async function run(
  spec: ParameterSpec,
  changes: Record<string, unknown>,
  {
    steps = 2,
    start = drawn(1, sizeOf(spec.dims)),
    gradients,
  }: { steps?: number; start?: number[]; gradients?: number[][] } = {},
) {
  const config = configOf({ lr: 0.1, weight_decay: 0.01, ...changes })
  const optimizer = OPTIMIZERS[config.opt_name]
  const slots = slotsOf(spec, config)
  const all = gradients ?? Array.from({ length: steps }, (_, i) => drawn(10 + i, sizeOf(spec.dims)))
  let [parameter, kept] = [start, slots.map(({ dims }) => Array<number>(sizeOf(dims)).fill(0))]
  for (const [step, gradient] of all.entries()) {
    const inputs = [[spec.dims, parameter], [spec.dims, gradient], ...slots.map(({ dims }, i) => [dims, kept[i]])] as [
      Dim[],
      number[],
    ][]
    const [w, ...rest] = await evaluate(
      (p, g, ...s) => {
        const updated = optimizer.update({
          spec,
          parameter: p,
          gradient: g,
          slots: Object.fromEntries(slots.map(({ name }, i) => [name, s[i]])),
          rate: constant(config.lr, 'f32'),
          step: constant(step, 'i32'),
          config,
        })
        return [updated.parameter, ...slots.map(({ name }) => updated.slots[name])]
      },
      inputs.map(([dims, values]) => ({ dims, values, dtype: 'f32' as const })),
    )
    ;[parameter, kept] = [w.values, rest.map(({ values }) => values)]
  }
  return { parameter, slots: Object.fromEntries(slots.map(({ name }, i) => [name, kept[i]])), start, gradients: all }
}

const rms = (xs: number[]) => Math.sqrt(xs.reduce((s, x) => s + x * x, 0) / xs.length)
const mean = (xs: number[]) => xs.reduce((a, b) => a + b) / xs.length

test("adam is GPT-Neo's: no bias correction; names with norm or bias are not decayed", async () => {
  for (const [name, decay] of [
    ['gpt2/h0/mlp/conv1d_main/c_fc/kernel', 0.01],
    ['gpt2/h0/norm_1/g', 0],
    ['gpt2/h0/mlp/conv1d_main/c_fc/bias', 0],
    ['gpt2/ln_f/g', 0.01],
  ] as const) {
    const {
      parameter,
      start,
      gradients: [g],
    } = await run(variable(name, 5), { opt_name: 'adam' }, { steps: 1 })
    close(
      parameter,
      start.map((w, i) => w - 0.1 * ((0.1 * g[i]) / (Math.sqrt(0.05 * g[i] ** 2) + 1e-8) + decay * w)),
      1e-6,
      name,
    )
  }
})

test('adafactor keeps the whole second moment of small parameters', async () => {
  const changes = { opt_name: 'adafactor', weight_decay: 0.9, beta1: 0.8, lr: 0.1 }
  const { parameter, slots, start, gradients } = await run(variable('gpt2/w', 4, 3), changes)
  let w = start,
    v = start.map(() => 0),
    m = start.map(() => 0)
  for (const g of gradients) {
    v = v.map((x, i) => 0.9 * x + 0.1 * (g[i] ** 2 + 1e-30))
    const x = g.map((y, i) => y / Math.sqrt(v[i]))
    const change = x.map((y) => (y / Math.max(1, rms(x))) * 0.1 * Math.max(rms(w), 1e-3))
    m = m.map((y, i) => 0.8 * y + 0.2 * change[i])
    w = w.map((y, i) => y - m[i])
  }
  close(parameter, w, 1e-5, 'parameter')
  close(slots._slot_v, v, 1e-5, 'slot')
  close(slots._slot_m, m, 1e-5, 'momentum')
})

/** The factored rule on one layer of [rows, columns]; the longest dim is the one that vr lacks. */
function factored(
  start: number[],
  gradients: number[][],
  rows: number,
  columns: number,
  decayAt: (step: number) => number,
) {
  const long = rows >= columns
  let w = start,
    vr = Array(long ? columns : rows).fill(0),
    vc = Array(long ? rows : columns).fill(0)
  for (const [step, g] of gradients.entries()) {
    const d = decayAt(step)
    const g2 = nest(
      g.map((x) => x * x + 1e-30),
      [rows, columns],
    ) as number[][]
    const [byRow, byColumn] = [g2.map(mean), g2[0].map((_, j) => mean(g2.map((row) => row[j])))]
    vr = vr.map((x, i) => d * x + (1 - d) * (long ? byColumn : byRow)[i])
    vc = vc.map((x, i) => d * x + (1 - d) * (long ? byRow : byColumn)[i])
    const x = g.map((y, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns]
      return y / Math.sqrt((vr[long ? j : i] / mean(vr)) * vc[long ? i : j])
    })
    w = w.map((y, i) => y - (x[i] / Math.max(1, rms(x))) * 0.1 * Math.max(rms(w), 1e-3))
  }
  return { w, vr, vc }
}

for (const [rows, columns] of [
  [128, 130],
  [131, 128],
])
  test(`adafactor factors [${rows}, ${columns}]; without weight_decay its memory grows with the steps`, async () => {
    const { parameter, slots, start, gradients } = await run(variable('gpt2/w', rows, columns), {
      opt_name: 'adafactor',
      weight_decay: undefined,
      lr: 0.1,
    })
    const wanted = factored(start, gradients, rows, columns, (step) => 1 - (step + 1) ** -0.8)
    close(parameter, wanted.w, 1e-5, 'parameter')
    close(slots._slot_vr, wanted.vr, 1e-5, 'vr')
    close(slots._slot_vc, wanted.vc, 1e-5, 'vc')
  })

test('adafactor updates stacked layers one by one, heads and features being one dim', async () => {
  // q of a layer: [embd, heads, features] here, [embd, heads] in checkpoints, where both are long enough.
  const one: ParameterSpec = {
    ...variable('gpt2/h0/attn/q', 129, 128),
    dims: [dim('embd', 129), dim('heads', 16), dim('features_per_head', 8)],
    shapeNames: ['embd', 'heads'],
  }
  const both = stacked(one)
  const changes = { opt_name: 'adafactor', weight_decay: 0.9, lr: 0.1 }
  const config = configOf(changes)
  assert.deepEqual(
    slotsOf(both, config).map(({ name, dims, shape }) => [name, dims.map(({ size }) => size), shape]),
    [
      ['_slot_vr', [2, 128], [128]],
      ['_slot_vc', [2, 129], [129]],
    ],
  )
  const { parameter, start, gradients } = await run(both, changes, {
    start: [...drawn(1, 129 * 128), ...drawn(2, 129 * 128, 0.001)],
  })
  for (const layer of [0, 1]) {
    const cut = (x: number[]) => x.slice(layer * 129 * 128, (layer + 1) * 129 * 128)
    close(cut(parameter), factored(cut(start), gradients.map(cut), 129, 128, () => 0.9).w, 1e-5, `layer ${layer}`)
  }
})

test("names of slots in checkpoints are GPT-Neo's", () => {
  const names = (opt_name: string, spec: ParameterSpec) =>
    slotsOf(spec, configOf({ opt_name, weight_decay: 0.9, beta1: 0.9 })).map((slot) => slotName(spec.name, slot))
  assert.deepEqual(names('adam', variable('gpt2/wte', 4, 4)), ['gpt2/wte/adam_m', 'gpt2/wte/adam_v'])
  assert.deepEqual(names('adafactor', variable('gpt2/wte', 4, 4)), ['gpt2/wte_slot_v', 'gpt2/wte_slot_m'])
  assert.deepEqual(names('adafactor', variable('gpt2/wte', 200, 128)), [
    'gpt2/wte_slot_vr',
    'gpt2/wte_slot_vc',
    'gpt2/wte_slot_m',
  ])
})

test('lion goes by the sign', async () => {
  const { parameter, start, slots, gradients } = await run(variable('gpt2/w', 4, 3), {
    opt_name: 'lion',
    beta1: 0.9,
    beta2: 0.99,
  })
  let w = start,
    m = start.map(() => 0)
  for (const g of gradients) {
    w = w.map((x, i) => x - 0.1 * (Math.sign(0.9 * m[i] + 0.1 * g[i]) + 0.01 * x))
    m = m.map((x, i) => 0.99 * x + 0.01 * g[i])
  }
  close(parameter, w, 1e-6, 'parameter')
  close(slots.lion_m, m, 1e-6, 'slot')
})

for (const [rows, columns] of [
  [6, 9],
  [9, 6],
])
  test(`muon makes updates of [${rows}, ${columns}] nearly orthogonal, whichever side is longer`, async () => {
    const dims = [dim('layers', 2), dim('rows', rows), dim('columns', columns)]
    const values = drawn(3, sizeOf(dims))
    const [{ values: found }] = await evaluate(
      (x) => [orthogonalised(x, dims[1], dims[2])],
      [{ dims, values, dtype: 'f32' }],
    )
    for (const layer of nest(found, [2, rows, columns]) as number[][][]) {
      const short = Math.min(rows, columns)
      const vectors = rows <= columns ? layer : layer[0].map((_, j) => layer.map((row) => row[j]))
      const gram = vectors.map((a) => vectors.map((b) => a.reduce((s, x, i) => s + x * b[i], 0)))
      // The polynomial leaves singular values between about 0.7 and 1.2.
      for (let i = 0; i < short; i++)
        for (let j = 0; j < short; j++)
          assert.ok(Math.abs(gram[i][j] - Number(i === j)) < 0.55, `gram ${i} ${j}: ${gram[i][j]}`)
      assert.ok(Math.abs(mean(gram.map((row, i) => row[i])) - 0.9) < 0.25)
    }
  })

test("muon steps are the size of AdamW's, and stacked layers go one by one", async () => {
  const one = variable('gpt2/h0/mlp/conv1d_main/c_fc/kernel', 16, 24)
  const { parameter, start, gradients } = await run(one, { opt_name: 'muon', weight_decay: 0 }, { steps: 1 })
  const size = rms(parameter.map((w, i) => (w - start[i]) / 0.1))
  assert.ok(size > 0.12 && size < 0.26, `root mean square ${size}`)
  const two = await run(
    stacked(one),
    { opt_name: 'muon', weight_decay: 0 },
    { start: [...start, ...start], gradients: [[...gradients[0], ...gradients[0].map((x) => 5 * x)]] },
  )
  // The second layer's gradient is five times the first's; the step does not depend on that.
  close(two.parameter, [...parameter, ...parameter], 1e-4, 'both layers')
})

test('muon leaves embeddings, gains, gates and the output layer to AdamW', async () => {
  const matrices = [
    'gpt2/h0/attn/q',
    'gpt2/h3/attn/o',
    'gpt2/h0/mlp/conv1d_main/c_fc/kernel',
    'gpt2/h0/mlp_macaron/conv1d_main/c_proj/kernel',
    'gpt2/h0/wi/kernel',
  ]
  const others = [
    'gpt2/wte',
    'gpt2/wpe',
    'gpt2/h0/top_2_gating/kernel',
    'gpt2/wte_final_linear/conv1d_main/linear_out/kernel',
    'gpt2/h0/attn/attention/mem_k',
  ]
  assert.deepEqual(
    matrices.filter((name) => !isMatrix(variable(name, 4, 4))),
    [],
  )
  assert.deepEqual(
    others.filter((name) => isMatrix(variable(name, 4, 4))),
    [],
  )
  assert.ok(!isMatrix(variable('gpt2/h0/norm_1/g', 4)))
  const spec = variable('gpt2/wte', 4, 3)
  assert.deepEqual(
    (await run(spec, { opt_name: 'muon' })).parameter,
    (await run(spec, { opt_name: 'adamw' })).parameter,
  )
})

test('clipping scales all gradients together, and leaves small ones alone', async () => {
  const g = [dim('n', 2)]
  const run = async (limit: number) =>
    (
      await evaluate(
        (a, b) => {
          const { gradients, norm } = clip({ a, b }, limit)
          return [gradients.a, gradients.b, norm] as Tensor[]
        },
        [
          { dims: g, values: [3, 0], dtype: 'f32' },
          { dims: g, values: [0, 4], dtype: 'f32' },
        ],
      )
    ).map(({ values }) => values)
  close((await run(1)).flat(), [0.6, 0, 0, 0.8, 5], 1e-6, 'clipped')
  close((await run(10)).flat(), [3, 0, 0, 4, 5], 1e-6, 'left')
})
