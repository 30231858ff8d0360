/** Small models with lively parameters, for tests of what a model computes. */
import { parseModelConfig, type ModelConfig } from '../../src/config/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { GptNeo, type Parameters, type ParameterSpec } from '../../src/model/index.js'
import { dim, sizeOf, type Tensor } from '../../src/tensor/index.js'
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
