/** Recurrent kinds against recordings: naive forms of flash-linear-attention, and whole layers of transformers. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { attentionKind, type AttentionKindName } from '../../src/attention/index.js'
import { chunkedRecurrence, type Recurrence } from '../../src/attention/kernels/chunked-recurrence.js'
import { DeviceArray, jit, openEngine, type Engine } from '../../src/engine/index.js'
import { openSafetensors } from '../../src/files/index.js'
import { attention } from '../../src/model/attention.js'
import type { Hidden } from '../../src/model/dims.js'
import { modelShape, type Parameters, type ParameterSpec } from '../../src/model/index.js'
import { Scope } from '../../src/model/scope.js'
import {
  broadcast,
  dim,
  fill,
  gradients,
  literal,
  trace,
  transpose,
  zeros,
  type Dim,
  type Tensor,
} from '../../src/tensor/index.js'
import { configOf } from '../model/support.js'
import { engine } from '../tensor/check.js'
import { relativeError } from './recurrence.js'

const file = fileURLToPath(new URL('../../../test/fixtures/reference/recurrent.safetensors', import.meta.url))
const recorded = await openSafetensors(file)
const host = openEngine({ engine: 'host' })
after(async () => {
  await recorded.close()
  await (await host).close()
})

async function read(name: string): Promise<Float32Array> {
  return new Float32Array(Uint8Array.from((await recorded.read(name)).data).buffer)
}

const [batch, sequence, heads] = [dim('batch', 1), dim('sequence', 45), dim('heads', 2)]
const [keys, values] = [dim('key_features', 3), dim('value_features', 4)]
const scaled = (q: Tensor): Tensor => q.mul(3 ** -0.5)
const DIMS: Record<string, readonly Dim[]> = {
  q: [batch, sequence, heads, keys],
  k: [batch, sequence, heads, keys],
  v: [batch, sequence, heads, values],
  beta: [batch, sequence, heads],
  g: [batch, sequence, heads],
}
const WIDE: Record<string, readonly Dim[]> = {
  ...DIMS,
  g: DIMS.q,
}
const delta = ({ q, k, v, beta, g }: Record<string, Tensor>): Recurrence => ({
  q: scaled(q),
  k,
  v: v.mul(beta),
  erase: { read: k.mul(beta).neg() },
  ...(g && { decay: g }),
})
const plain = ({ q, k, v, g }: Record<string, Tensor>): Recurrence => ({ q: scaled(q), k, v, ...(g && { decay: g }) })

/** Inputs of each recording, their dims, and the recurrence that it is. */
const FORMS: Record<string, [string[], Record<string, readonly Dim[]>, (x: Record<string, Tensor>) => Recurrence]> = {
  delta: [['q', 'k', 'v', 'beta'], DIMS, delta],
  delta_negative: [['q', 'k', 'v', 'beta'], DIMS, delta],
  gated_delta: [['q', 'k', 'v', 'beta', 'g'], DIMS, delta],
  gated_linear: [['q', 'k', 'v', 'g'], WIDE, plain],
  mamba2: [['q', 'k', 'v', 'g'], DIMS, plain],
  kda: [['q', 'k', 'v', 'beta', 'g'], WIDE, delta],
  rwkv7: [
    ['q', 'k', 'v', 'alpha', 'beta', 'g'],
    { ...WIDE, alpha: DIMS.q, beta: DIMS.q },
    ({ q, k, v, alpha, beta, g }) => ({
      q: scaled(q),
      k,
      v,
      decay: g,
      erase: { read: alpha.mul(g.neg().exp()), write: beta },
    }),
  ],
}

async function check(
  name: string,
  names: string[],
  dims: Record<string, readonly Dim[]>,
  f: (x: Record<string, Tensor>) => Tensor[],
) {
  const on = await host
  const out = [batch, sequence, heads, values]
  const array = async (key: string, of: readonly Dim[]) => DeviceArray.from(on, await read(`${name}/${key}`), of, 'f32')
  const inputs = await Promise.all(names.map((key) => array(key, dims[key])))
  const program = jit(on, (xs: readonly Tensor[], weights: Tensor) => {
    const results = f(Object.fromEntries(names.map((key, i) => [key, xs[i]])))
    return [...gradients([results[0]], [weights], [...xs]), ...results] as Tensor[]
  })
  const found = (await program(inputs as never, (await array('weights', out)) as never)) as DeviceArray[]
  const wanted = [...names.map((key) => `grad_${key}`), 'output', 'state']
  for (const [i, x] of found.entries()) {
    const error = relativeError(await x.readFloats(), await read(`${name}/${wanted[i]}`))
    assert.ok(error < 1e-5, `${wanted[i]} differs by ${error}`)
  }
}

/** Output [batch, sequence, heads, values] and last state. */
function run(recurrence: Recurrence): Tensor[] {
  const shape = { batchDims: [batch, heads], positions: sequence, keys, values }
  const { output, state } = chunkedRecurrence(recurrence, zeros([batch, heads, keys, values]), shape)
  return [transpose(output, [batch, sequence, heads, values]), state]
}

for (const [name, [names, dims, recurrence]] of Object.entries(FORMS))
  test(`${name}: output, state and gradients are those of the naive form`, () =>
    check(name, names, dims, (x) => run(recurrence(x))))

test('based: output and gradients are those of the naive form', () => {
  const config = configOf({ n_embd: 8, n_head: 2, n_ctx: 45, state_key_size: 3, state_value_size: 4 })
  const model = modelShape(config, { batch: 1 })
  const features = dim('projected_features', 3)
  return check('based', ['q', 'k', 'v'], DIMS, ({ q, k, v }) => [
    attentionKind('based').attend({ q: q.rename(keys, features), k: k.rename(keys, features), v }, model),
  ])
})

test('retention: output and gradients are those of the naive form', () =>
  check('retention', ['q', 'k', 'v'], DIMS, (x) => {
    const logarithms = literal([heads], [Math.log1p(-(2 ** -5)), Math.log1p(-(2 ** -6))])
    return run({ ...plain(x), decay: broadcast(logarithms, [batch, sequence, heads]) }).slice(0, 1)
  }))

const LAYERS: [AttentionKindName, Record<string, unknown>][] = [
  ['gated_delta', { state_key_size: 4, state_value_size: 6 }],
  ['mamba2', { state_key_size: 5, state_value_size: 12 }],
  ['kda', { state_key_size: 6, state_value_size: 6 }],
]
const MODELS: Record<string, string> = { gated_delta: 'Qwen3-Next', mamba2: 'Mamba-2', kda: 'Kimi Linear' }
for (const [name, sizes] of LAYERS)
  for (const on of ['host', 'xla'])
    test(`${name}: a whole layer is that of ${MODELS[name]} in transformers, on ${on}`, async () =>
      wholeLayer(name, sizes, on === 'xla' ? await engine() : await host))

async function wholeLayer(name: AttentionKindName, sizes: Record<string, unknown>, on: Engine): Promise<void> {
  const kind = attentionKind(name)
  const model = modelShape(configOf({ n_embd: 12, n_head: 2, n_ctx: 45, ...sizes }), { batch: 2 })
  let specs: ParameterSpec[] = []
  trace(() => {
    const x = fill([model.batch, model.sequence, model.embd], 0, 'f32')
    specs = Scope.describe('f32', 'unroll', (at) => attention(at, x, kind, model))
    return []
  }, [])
  const given = await Promise.all(
    specs.map(async ({ name: path, dims }) => {
      const values = await read(`layer/${name}/${path.replace(/^gpt2\//, '')}`)
      return [path, DeviceArray.from(on, values, dims, 'f32')] as const
    }),
  )
  const x = DeviceArray.from(on, await read(`layer/${name}/x`), [model.batch, model.sequence, model.embd], 'f32')
  const run = jit(
    on,
    (p: Parameters, x: Hidden) => attention(Scope.over(specs, p, 'f32', 'unroll', null), x, kind, model).x,
  )
  const found = await (await run(Object.fromEntries(given), x as never)).readFloats()
  const error = relativeError(found, await read(`layer/${name}/y`))
  assert.ok(error < 1e-5, `differs by ${error}`)
}
