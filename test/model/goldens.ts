/** Reads the recorded numbers of the original GPT-Neo, and runs the same steps here. */
import { fileURLToPath } from 'node:url'
import { parseModelConfig, type ModelConfig } from '../../src/config/index.js'
import { DeviceArray, jit, type Engine } from '../../src/engine/index.js'
import { openSafetensors, readJson, type SafetensorsFile } from '../../src/files/index.js'
import { logits, loss, modelOf, parametersOf, scopeOf, type LayerMode, type Parameters } from '../../src/model/index.js'
import { dim, valueAndGrad, type Tensor } from '../../src/tensor/index.js'
import { OPTIMIZERS } from '../../src/train/optimizers/index.js'
import { arrayFrom, variablesOf } from '../../src/train/parameters.js'
import { split, trainStep, type TrainState } from '../../src/train/step.js'

export const fixture = (path: string) => fileURLToPath(new URL(`../../../test/fixtures/${path}`, import.meta.url))

export interface Golden {
  readonly json: any
  readonly config: ModelConfig
  readonly file: SafetensorsFile
  close(): Promise<void>
  floats(name: string): Promise<Float32Array>
  has(name: string): boolean
}

export async function openGolden(path: string, changes: Record<string, unknown> = {}): Promise<Golden> {
  const json = (await readJson(fixture(`${path}.json`))) as any
  const file = await openSafetensors(fixture(`${path}.safetensors`))
  const { config } = parseModelConfig({ ...json.config, ...changes }, path)
  return {
    json, config, file,
    close: () => file.close(),
    has: (name) => file.tensors.has(name),
    floats: async (name) => {
      const { data } = await file.read(name)
      return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4)
    },
  }
}

export interface Replay {
  readonly logits: Float32Array
  readonly lossPerBatch: number
  /** By variable name. */
  readonly gradients: Map<string, Float32Array>
  readonly losses: number[]
  readonly rates: number[]
  readonly norms: number[]
  /** Variables after the k-th step, for the steps asked for. */
  readonly after: Map<number, Map<string, Float32Array>>
}

/** Runs a recorded case: logits and gradients of batch 0, then all steps. */
export async function replay(engine: Engine, golden: Golden, layers: LayerMode, keepSteps: readonly number[]): Promise<Replay> {
  const { config } = golden
  const tokens = await golden.file.read('tokens')
  const ids = new Int32Array(tokens.data.buffer, tokens.data.byteOffset, tokens.data.byteLength / 4)
  const [steps, size, width] = tokens.shape
  const dims = [dim('batch', size), dim('tokens', width)]
  const batch = (step: number) => DeviceArray.from(engine, ids.slice(step * size * width, (step + 1) * size * width), dims, 'i32')

  const model = modelOf(config, { batch: size })
  const specs = parametersOf(model, layers)
  const optimizer = OPTIMIZERS[config.opt_name]
  const parameters: Record<string, DeviceArray> = {}
  const slots: Record<string, Record<string, DeviceArray>> = {}
  for (const spec of specs) {
    parameters[spec.name] = await arrayFrom(engine, spec, null, (name) => golden.floats(`init/${name}`))
    slots[spec.name] = {}
    for (const slot of optimizer.slots)
      slots[spec.name][slot] = await arrayFrom(engine, spec, slot, async (_, shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)))
  }
  const evaluate = jit(engine, (values: Parameters, rows: Tensor) => {
    const { inputs, labels } = split(rows, config.n_ctx)
    const [value, grads] = valueAndGrad((p: Parameters) => loss(scopeOf(model, specs, p, layers), inputs, labels, model).loss)(values)
    return { logits: logits(scopeOf(model, specs, values, layers), inputs, model), value, grads }
  }, { name: 'evaluate' })
  const first = batch(0)
  const found = await evaluate(parameters as any, first as any)
  const gradients = new Map<string, Float32Array>()
  for (const spec of specs)
    for (const variable of variablesOf(spec, null, await (found.grads as any)[spec.name].read())) gradients.set(variable.name, variable.data)

  const step = jit(engine, trainStep(config, specs, layers), { donate: [0], name: 'step' })
  let state = { parameters, slots, step: DeviceArray.from(engine, new Int32Array([0]), [], 'i32') } as TrainState<DeviceArray>
  const losses: number[] = [], rates: number[] = [], norms: number[] = []
  const after = new Map<number, Map<string, Float32Array>>()
  for (let i = 0; i < steps; i++) {
    const result = (await step(state as any, batch(i) as any)) as any
    state = result.state
    losses.push(await result.metrics.loss.readScalar())
    rates.push(await result.metrics.learningRate.readScalar())
    norms.push(await result.metrics.gradientNorm.readScalar())
    if (!keepSteps.includes(i + 1)) continue
    const variables = new Map<string, Float32Array>()
    for (const spec of specs)
      for (const slot of [null, ...optimizer.slots]) {
        const array = slot === null ? state.parameters[spec.name] : state.slots[spec.name][slot]
        for (const variable of variablesOf(spec, slot, await array.read())) variables.set(variable.name, variable.data)
      }
    after.set(i + 1, variables)
  }
  return { logits: (await found.logits.read()) as Float32Array, lossPerBatch: await (found.value as any).readScalar(), gradients, losses, rates, norms, after }
}

/** Largest difference relative to the largest wanted number. */
export function relative(found: Float32Array, wanted: Float32Array): number {
  let worst = 0, scale = 0
  for (let i = 0; i < wanted.length; i++) {
    worst = Math.max(worst, Math.abs(found[i] - wanted[i]))
    scale = Math.max(scale, Math.abs(wanted[i]))
  }
  return found.length === wanted.length ? worst / (scale || 1) : Infinity
}

/** Norm of the difference relative to the norm of the wanted numbers. */
export function relativeNorm(found: Float32Array, wanted: Float32Array): number {
  let off = 0, norm = 0
  for (let i = 0; i < wanted.length; i++) {
    off += (found[i] - wanted[i]) ** 2
    norm += wanted[i] ** 2
  }
  return found.length === wanted.length ? Math.sqrt(off / (norm || 1)) : Infinity
}

