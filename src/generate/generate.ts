import type { ModelConfig } from '../config/index.js'
import { partsOn } from '../mesh/index.js'
import { DeviceArray } from '../engine/device-array.js'
import type { Engine } from '../engine/index.js'
import { jit } from '../engine/jit.js'
import { continued, modelOf, scopeOf, type Cache, type Parameters, type ParameterSpec } from '../model/index.js'
import { constant, dim, random, reshape, type Tensor } from '../tensor/index.js'
import { checkSampling, keyAt, pickNext, type Sampling } from './pick.js'

export interface GenerateOptions extends Sampling {
  /** Most new tokens a row. The context also ends at n_ctx. @default 128 */
  readonly maxTokens?: number
  /** Tokens after which a row ends; they are given out too. */
  readonly stopIds?: readonly number[]
  /** @default 0 */
  readonly seed?: number
  readonly signal?: AbortSignal
  /** Called with the logits that tokens were picked from, f32 [batch, vocab] row-major, before these are given out. */
  readonly onLogits?: (logits: Float32Array) => void
}

/** New tokens of one position: an id a row, or null for a row that has ended. */
export type NewTokens = readonly (number | null)[]

/** A model with parameters on an engine, one array a variable and layer (as `unroll` has them). */
export interface LoadedModel {
  readonly engine: Engine
  readonly config: ModelConfig
  readonly specs: readonly ParameterSpec[]
  readonly parameters: Parameters<DeviceArray>
}

/**
 * Samples continuations of prompts, a token for each row at a time. Keys and values are cached, so each token costs the
 * same. Rows may differ in length. The random numbers depend on the seed and the position only.
 * Throws RangeError for an empty prompt, one that fills the context, ids outside the vocabulary, and wrong settings.
 */
export async function* generate(
  loaded: LoadedModel,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions = {},
): AsyncGenerator<NewTokens> {
  const { engine, config } = loaded
  const { maxTokens = 128, stopIds = [], seed = 0, signal, onLogits } = options
  checkSampling(options)
  checkPrompts(prompts, config)
  const shortest = Math.min(...prompts.map(({ length }) => length))
  const longest = Math.max(...prompts.map(({ length }) => length))
  const end = Math.min(config.n_ctx, longest + maxTokens)
  // Sizes in steps, so that few programs serve all lengths.
  const capacity = Math.min(config.n_ctx, Math.ceil(end / 128) * 128)
  const first = 2 ** Math.floor(Math.log2(shortest))
  const { start, step } = programs(loaded, prompts.length, capacity, options)

  const batch = dim('batch', prompts.length)
  const upload = (ids: readonly number[]) => DeviceArray.from(engine, Int32Array.from(ids), [batch], 'i32')
  const words = DeviceArray.from(engine, new Uint32Array(random.seedWords(seed)), [random.SEED_WORDS], 'u32')
  const begin = dim('sequence', first)
  const beginnings = prompts.flatMap((prompt) => Array.from(prompt).slice(0, first))
  const given = DeviceArray.from(engine, Int32Array.from(beginnings), [batch, begin], 'i32')
  let state = (await start(loaded.parameters, given, words)) as StepResult
  given.dispose()
  let read = readPicked(state)
  const ended = prompts.map(() => false)
  const made = prompts.map(() => 0)
  try {
    for (let position = first; position < end && ended.includes(false); position++) {
      // The ids at this position: from the prompt where it reaches that far, else what was sampled.
      const inPrompt = prompts.map((prompt) => position < prompt.length)
      let picked: Picked | null = null
      const { logits } = state
      let { ids } = state
      if (inPrompt.includes(true)) {
        const { ids: sampled } = (picked = await read)
        ids = upload(prompts.map((prompt, row) => (inPrompt[row] ? prompt[position] : sampled[row])))
        state.ids.dispose()
      }
      const last = position + 1 >= end
      const before = read
      if (!last) {
        const { caches, position: at } = state
        state = (await step(loaded.parameters, { caches, position: at }, ids, words)) as StepResult
        read = readPicked(state)
        read.catch(() => {})
      }
      picked ??= await before
      if (!last) {
        ids.dispose()
        logits?.dispose()
      }
      const tokens = prompts.map((_, row) => {
        if (inPrompt[row] || ended[row]) return null
        const id = picked!.ids[row]
        made[row]++
        ended[row] = stopIds.includes(id) || made[row] >= maxTokens
        return id
      })
      if (tokens.some((token) => token !== null)) {
        if (picked.logits) onLogits?.(picked.logits)
        yield tokens
      }
      signal?.throwIfAborted()
    }
  } finally {
    await read.catch(() => {})
    disposeAll(state)
    words.dispose()
  }
}

interface StepResult {
  readonly ids: DeviceArray
  /** Where they are asked for. */
  readonly logits?: DeviceArray
  readonly caches: readonly Cache<DeviceArray>[]
  readonly position: DeviceArray
}

interface Picked {
  readonly ids: ArrayLike<number>
  readonly logits?: Float32Array
}

async function readPicked({ ids, logits }: StepResult): Promise<Picked> {
  const [picked, from] = await Promise.all([ids.read(), logits?.read()])
  return { ids: picked, logits: from as Float32Array | undefined }
}

const compiled = new WeakMap<object, Map<string, ReturnType<typeof makePrograms>>>()

/** The two programs of a model for a number of rows, a capacity and settings; made once. */
function programs(loaded: LoadedModel, rows: number, capacity: number, options: GenerateOptions) {
  const { temperature, topK, topP } = options
  const watched = options.onLogits !== undefined
  const mine = compiled.get(loaded) ?? new Map<string, ReturnType<typeof makePrograms>>()
  compiled.set(loaded, mine)
  const key = [rows, capacity, temperature, topK, topP, watched].join()
  const known = mine.get(key) ?? makePrograms(loaded, rows, capacity, { temperature, topK, topP }, watched)
  mine.set(key, known)
  return known
}

function makePrograms(
  { engine, config, specs }: LoadedModel,
  rows: number,
  capacity: number,
  sampling: Sampling,
  watched: boolean,
) {
  const scope = (model: ReturnType<typeof modelOf>, parameters: Parameters) =>
    scopeOf(model, specs, parameters, 'unroll')
  const parts = partsOn(engine.placement)
  const start = jit(
    engine,
    (parameters: Parameters, ids: Tensor, words: Tensor) => {
      const model = modelOf(config, { batch: rows, sequence: ids.dims[1].size, parts })
      const { logits, caches } = continued(scope(model, parameters), ids, model, capacity)
      const position = constant(ids.dims[1].size, 'i32')
      const next = pickNext(logits, keyAt(words, position), sampling)
      return { ids: next, ...(watched && { logits }), caches, position }
    },
    { name: 'prefill', stored: [0] },
  )
  const step = jit(
    engine,
    (parameters: Parameters, from: Position, ids: Tensor, words: Tensor) => {
      const model = modelOf(config, { batch: rows, sequence: 1, parts })
      const given = reshape(ids, [model.batch, model.sequence])
      const { logits, caches } = continued(scope(model, parameters), given, model, capacity, from)
      const position = from.position.add(1)
      const next = pickNext(logits, keyAt(words, position), sampling)
      return { ids: next, ...(watched && { logits }), caches, position }
    },
    { name: 'decode', donate: [1], stored: [0] },
  )
  return { start: start as unknown as Run, step: step as unknown as Run }
}
type Run = (...args: readonly unknown[]) => Promise<unknown>

/** Where a step goes on. */
interface Position {
  readonly caches: readonly Cache[]
  readonly position: Tensor<never>
}

function disposeAll({ ids, logits, caches, position }: StepResult): void {
  ids.dispose()
  logits?.dispose()
  position.dispose()
  for (const cache of caches) Object.values(cache).forEach((array) => array.dispose())
}

function checkPrompts(prompts: readonly ArrayLike<number>[], { n_ctx, n_vocab }: ModelConfig): void {
  if (prompts.length === 0) throw new RangeError('there is no prompt')
  for (const prompt of prompts) {
    const { length } = prompt
    if (length === 0) throw new RangeError('a prompt is empty; give at least one token, such as the end-of-text token')
    if (length >= n_ctx) {
      throw new RangeError(
        `a prompt has ${length} tokens; the context of ${n_ctx} has no room for a new one. ` + 'Shorten it',
      )
    }
    const odd = Array.from(prompt).find((id) => !(Number.isInteger(id) && id >= 0 && id < n_vocab))
    if (odd !== undefined) {
      throw new RangeError(
        `a prompt has the token ${odd}, outside the vocabulary of ${n_vocab}: is this the model's ` + 'tokenizer?',
      )
    }
  }
}
