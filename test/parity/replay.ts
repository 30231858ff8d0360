/** Runs the steps of a recorded case here. */
import { DeviceArray, jit, type Engine } from '../../src/engine/index.js'
import {
  logits,
  loss,
  modelShape,
  GptNeo,
  scopeOf,
  type LayerMode,
  type Parameters,
  type ParameterSpec,
} from '../../src/model/index.js'
import { constant, dim, random, type Tensor } from '../../src/tensor/index.js'
import { slotsOf } from '../../src/train/optimizers/index.js'
import { arrayFrom, variablesOf } from '../../src/train/parameters.js'
import { learningRate } from '../../src/train/schedule.js'
import { lossAndGradients, split, trainStep, type TrainState } from '../../src/train/step.js'
import type { Golden } from './golden.js'

export interface Replay {
  /** These and the next, of the first batch, where the case has them recorded. */
  readonly evalLogits: Float32Array | undefined
  readonly evalLoss: number
  /** With the capacities of training; of the first batch as one. */
  readonly trainLogits: Float32Array | undefined
  /** Of the first step, by variable name, where any is recorded. */
  readonly gradients: Map<string, Float32Array>
  /** Per step. */
  readonly losses: number[]
  readonly rates: number[]
  readonly norms: number[]
  /** Variables and slots after the k-th step, for the steps that were recorded. */
  readonly after: Map<number, Map<string, Float32Array>>
}

export async function replay(
  engine: Engine,
  { config, file, start: startOf }: Golden,
  layers: LayerMode,
): Promise<Replay> {
  const tokens = await file.read('tokens')
  const ids = new Int32Array(tokens.data.buffer, tokens.data.byteOffset, tokens.data.byteLength / 4)
  const [steps, size, width] = tokens.shape
  const dims = [dim('batch', size), dim('tokens', width)]
  const batch = (step: number) =>
    DeviceArray.from(engine, ids.slice(step * size * width, (step + 1) * size * width), dims, 'i32')
  const recordedSteps = new Set(
    [...file.tensors.keys()].flatMap((name) => /^step(\d+)\//.exec(name)?.[1] ?? []).map(Number),
  )

  const has = (start: string) => [...file.tensors.keys()].some((name) => name.startsWith(start))

  const model = modelShape(config, { batch: size })
  const bound = new GptNeo(config, { layers })
  const { specs } = bound
  const parameters: Record<string, DeviceArray> = {}
  const slots: Record<string, Record<string, DeviceArray>> = {}
  for (const spec of specs) {
    parameters[spec.name] = await arrayFrom(engine, spec, null, (name, shape) => {
      // Parameters of activations have random names in the original, and start as ours do.
      const start = /\/activation\//.test(name) && spec.initializer.kind === 'constant' ? spec.initializer.value : null
      return start === null ? startOf(name, shape) : Promise.resolve(new Float32Array(sizeOfShape(shape)).fill(start))
    })
    slots[spec.name] = {}
    for (const slot of slotsOf(spec, config))
      slots[spec.name][slot.name] = await arrayFrom(
        engine,
        spec,
        slot,
        async (_, shape) => new Float32Array(sizeOfShape(shape)),
      )
  }
  const asGiven = (rows: Tensor) => split(rows, config.n_ctx)
  const differentiate = lossAndGradients(bound, { examples: asGiven })
  const first = jit(
    engine,
    (values: Parameters, rows: Tensor) => {
      const { inputs, labels } = asGiven(rows)
      const evaluated = scopeOf(model, specs, values, layers)
      return {
        evalLoss: loss(evaluated, inputs, labels, model).loss,
        ...(has('eval/logits') && { evalLogits: logits(evaluated, inputs, model) }),
        ...(has('train/logits') && {
          trainLogits: logits(scopeOf(model, specs, values, layers, { key: random.key(0) }), inputs, model),
        }),
        ...(has('grad/') && { gradients: differentiate(values, rows, constant(0, 'i32')).gradients }),
      }
    },
    { name: 'first_batch' },
  )
  const rows = batch(0)
  const found = (await (first as any)(parameters, rows)) as {
    readonly evalLoss: DeviceArray
    readonly evalLogits?: DeviceArray
    readonly trainLogits?: DeviceArray
    readonly gradients?: Parameters<DeviceArray>
  }
  const gradients = new Map<string, Float32Array>()
  for (const spec of found.gradients ? specs : [])
    for (const { name, data } of variablesOf(spec, null, await found.gradients![spec.name].read()))
      gradients.set(name, data)

  const step = jit(engine, trainStep(bound, { examples: asGiven }), { donate: [0], name: 'step' })
  const rateOf = jit(engine, (at: Tensor<never>) => learningRate(at, config), { name: 'rate' })
  let state = {
    parameters,
    slots,
    step: DeviceArray.from(engine, new Int32Array([0]), [], 'i32'),
  } as TrainState<DeviceArray>
  const [losses, rates, norms]: number[][] = [[], [], []]
  const after: Replay['after'] = new Map()
  const evalLogits = await found.evalLogits?.readFloats(),
    trainLogits = await found.trainLogits?.readFloats(),
    evalLoss = await found.evalLoss.readScalar()
  for (let i = 0; i < steps; i++) {
    rates.push(await ((await (rateOf as any)(state.step)) as DeviceArray).readScalar())
    const result = (await (step as any)(state, batch(i))) as any
    state = result.state
    losses.push(await result.metrics.loss.readScalar())
    norms.push(await result.metrics.gradientNorm.readScalar())
    if (recordedSteps.has(i + 1)) after.set(i + 1, await variablesAfter(state, specs, config))
  }
  for (const program of [first, step, rateOf]) program.dispose()
  return { evalLogits, evalLoss, trainLogits, gradients, losses, rates, norms, after }
}

const sizeOfShape = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

async function variablesAfter(
  state: TrainState<DeviceArray>,
  specs: readonly ParameterSpec[],
  config: Golden['config'],
): Promise<Map<string, Float32Array>> {
  const variables = new Map<string, Float32Array>()
  for (const spec of specs)
    for (const slot of [null, ...slotsOf(spec, config)]) {
      const array = slot === null ? state.parameters[spec.name] : state.slots[spec.name][slot.name]
      for (const { name, data } of variablesOf(spec, slot, await array.read())) variables.set(name, data)
    }
  return variables
}
