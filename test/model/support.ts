/** Small models with lively parameters, for tests of what a model computes. */
import { parseModelConfig, type ModelConfig } from '../../src/config/index.js'
import assert from 'node:assert/strict'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { GptNeo, type Model, type Parameters, type ParameterSpec } from '../../src/model/index.js'
import { dim, sizeOf, valueAndGrad, type Dim, type Tensor } from '../../src/tensor/index.js'
import { engine, numbers } from '../tensor/check.js'

export function configOf(changes: Record<string, unknown> = {}): ModelConfig {
  return parseModelConfig({
    n_vocab: 61,
    n_ctx: 24,
    n_embd: 24,
    n_head: 3,
    n_layer: 2,
    activation_fn: 'gelu',
    ...changes,
  }).config
}

/** One array a variable, as `unroll` has them. */
export interface Lively {
  readonly config: ModelConfig
  readonly model: GptNeo
  readonly specs: readonly ParameterSpec[]
  readonly parameters: Parameters<DeviceArray>
}

export async function lively(changes: Record<string, unknown> = {}, scale = 0.9): Promise<Lively> {
  const config = configOf(changes)
  const on = await engine()
  const model = new GptNeo(config)
  const { specs } = model
  const next = numbers(5)
  const parameters = Object.fromEntries(
    specs.map(({ name, dims }) => [
      name,
      DeviceArray.from(
        on,
        Float32Array.from({ length: sizeOf(dims) }, () => (next() - 0.5) * scale),
        dims,
        'f32',
      ),
    ]),
  )
  return { config, model, specs, parameters }
}

/** Logits of every position by one forward pass, [row][position][token]. */
export async function forward(
  { config, model, parameters }: Lively,
  rows: readonly (readonly number[])[],
): Promise<number[][][]> {
  const on = await engine()
  const [batch, length] = [rows.length, rows[0].length]
  const run = jit(on, (p: Parameters, ids: Tensor<'batch' | 'sequence'>) => model.logits(p, ids), { name: 'forward' })
  const dims = [dim('batch', batch), dim('sequence', length)]
  const out = await run(parameters, DeviceArray.from(on, Int32Array.from(rows.flat()), dims, 'i32'))
  const values = await out.readFloats()
  run.dispose()
  const { n_vocab } = config
  return rows.map((_, r) =>
    Array.from({ length }, (_, i) =>
      Array.from(values.slice((r * length + i) * n_vocab, (r * length + i + 1) * n_vocab)),
    ),
  )
}

/** The logits of two rows of `length` random ids, and the gradient of every parameter, are those of a formula within 1e-5. */
export async function assertIsFormula(
  { model, parameters, config }: Lively,
  length: number,
  formula: (p: Parameters, ids: Tensor<'batch' | 'sequence'>, shape: Model) => Tensor,
): Promise<void> {
  type Ids = Tensor<'batch' | 'sequence'>
  const on = await engine()
  const shape = model.shape(2, length)
  const { batch, sequence, vocab } = shape
  const next = numbers(4)
  const array = (dims: Dim[], of: () => number, dtype: 'i32' | 'f32') => {
    const values = Array.from({ length: sizeOf(dims) }, of)
    return DeviceArray.from(on, dtype === 'i32' ? Int32Array.from(values) : Float32Array.from(values), dims, dtype)
  }
  const ids = array([batch, sequence], () => Math.floor(next() * config.n_vocab), 'i32')
  const grad = array([batch, sequence, vocab], () => next() - 0.5, 'f32')
  const run = jit(on, (p: Parameters, ids: Ids, grad: Tensor) =>
    [(q: Parameters) => model.logits(q, ids) as Tensor, (q: Parameters) => formula(q, ids, shape)].map((logits) => {
      const [, gradients] = valueAndGrad(
        (q: Parameters) => logits(q).mul(grad).sum(batch, sequence, vocab) as unknown as Tensor<never>,
      )(p)
      return { logits: logits(p), ...gradients }
    }),
  )
  const [found, wanted] = (await run(parameters, ids as never, grad as never)) as Record<string, DeviceArray>[]
  assert.deepEqual(Object.keys(found).sort(), ['logits', ...Object.keys(parameters)].sort())
  for (const [name, array] of Object.entries(wanted)) {
    const [x, y] = [await found[name].readFloats(), await array.readFloats()]
    const scale = Math.max(...y.map(Math.abs))
    assert.ok(scale > 0, name)
    const off = Math.max(...x.map((value, i) => Math.abs(value - y[i]))) / scale
    assert.ok(off < 1e-5, `${name} is off by ${off}`)
  }
}
