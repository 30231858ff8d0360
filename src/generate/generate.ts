import type { ModelConfig } from '../config/index.js'
import { DeviceArray } from '../engine/device-array.js'
import type { Engine } from '../engine/index.js'
import { jit } from '../engine/jit.js'
import type { Cache, Decoded, DecodeState, GptNeo, Parameters, Positions } from '../model/index.js'
import { dim, random, reshape, type Tensor } from '../tensor/index.js'
import { checkPicked } from './check-logits.js'
import { checkMaxTokens, checkSampling, keyAt, pickNext, type Sampling } from './pick.js'

export interface GenerateOptions extends Sampling {
  /** Maximum number of new tokens per row; a row also ends at n_ctx. @default 128 */
  readonly maxTokens?: number
  /** Tokens after which a row ends; they are yielded too. */
  readonly stopIds?: readonly number[]
  /** @default 0 */
  readonly seed?: number
  readonly signal?: AbortSignal
  /** Called with the logits that tokens were picked from, f32 [batch, vocab] row-major, before these are yielded. */
  readonly onLogits?: (logits: Float32Array) => void
}

/** The new tokens of one step: an id per row, or null for a row that has ended. */
export type NewTokens = readonly (number | null)[]

/** A model with parameters on an engine, one array per variable and layer (as `unroll` has them). */
export interface LoadedModel {
  readonly engine: Engine
  readonly config: ModelConfig
  readonly model: GptNeo
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
  checkMaxTokens(maxTokens)
  checkPrompts(prompts, config)
  const lengths = prompts.map(({ length }) => length)
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)]
  const width = compiledLength(longest, config.n_ctx)
  // Sizes in steps, so that few programs serve all lengths.
  const capacity = Math.min(config.n_ctx, Math.ceil((width + maxTokens) / 128) * 128)
  const { start, step } = programs(loaded, prompts.length, capacity, options)

  const words = DeviceArray.from(engine, new Uint32Array(random.seedWords(seed)), [random.SEED_WORDS], 'u32')
  const [given, positions] = uploaded(engine, prompts, width, config.padding_id)
  let state: StepResult = await start(loaded.parameters, given, positions, words)
  given.dispose()
  positions.dispose()
  let read = readPicked(state)
  const ended = prompts.map(() => false)
  try {
    for (let made = 1; ended.includes(false); made++) {
      const { ids, logits, caches, position } = state
      const before = read
      const last = made >= maxTokens || shortest + made >= config.n_ctx
      if (!last) {
        state = await step(loaded.parameters, { caches, position }, ids, words)
        read = readPicked(state)
      }
      const picked = await before
      if (!last) {
        ids.dispose()
        logits?.dispose()
      }
      const tokens = prompts.map((_, row) => {
        if (ended[row]) return null
        const id = picked.ids[row]
        ended[row] = stopIds.includes(id) || made >= maxTokens || lengths[row] + made >= config.n_ctx
        return id
      })
      if (picked.logits) onLogits?.(picked.logits)
      yield tokens
      signal?.throwIfAborted()
    }
  } finally {
    await read.catch(() => {})
    disposeAll(state)
    words.dispose()
  }
}

/**
 * The length that prompts of up to `length` tokens are padded to: four per octave, so that few programs serve all lengths
 * and at most a fifth of a pass is padding.
 */
export function compiledLength(length: number, context: number): number {
  const step = Math.max(4, 2 ** (Math.ceil(Math.log2(length)) - 3))
  return Math.min(context, Math.max(16, Math.ceil(length / step) * step))
}

/** Prompts padded on the right, i32 [batch, sequence], and their lengths: a scalar if all are equal. */
function uploaded(engine: Engine, prompts: readonly ArrayLike<number>[], width: number, padding = 0) {
  const batch = dim('batch', prompts.length)
  const ids = new Int32Array(prompts.length * width).fill(padding)
  for (const [row, prompt] of prompts.entries()) ids.set(Array.from(prompt), row * width)
  const lengths = Int32Array.from(prompts, ({ length }) => length)
  const equal = lengths.every((length) => length === lengths[0])
  return [
    DeviceArray.from(engine, ids, [batch, dim('sequence', width)], 'i32'),
    DeviceArray.from(engine, equal ? lengths.subarray(0, 1) : lengths, equal ? [] : [batch], 'i32'),
  ] as const
}

interface StepResult {
  readonly ids: DeviceArray
  /** If requested. */
  readonly logits?: DeviceArray
  readonly caches: readonly Cache<DeviceArray>[]
  readonly position: DeviceArray
}

interface Picked {
  readonly ids: ArrayLike<number>
  readonly logits?: Float32Array
}

/** Starts reading a step's tokens. A failure is thrown where they are awaited, which may be after the next step was compiled. */
function readPicked({ ids, logits }: StepResult): Promise<Picked> {
  const read = Promise.all([ids.read(), logits?.read()]).then(([picked, from]) => {
    checkPicked(picked)
    return { ids: picked, logits: from as Float32Array | undefined }
  })
  read.catch(() => {})
  return read
}

const compiled = new WeakMap<object, Map<string, Programs>>()
type Programs = ReturnType<typeof makePrograms>

/** The two programs of a model for a number of rows, a capacity and settings; made once. */
function programs(loaded: LoadedModel, rows: number, capacity: number, options: GenerateOptions): Programs {
  const { temperature, topK, topP } = options
  const watched = options.onLogits !== undefined
  const ofModel = compiled.get(loaded) ?? new Map<string, Programs>()
  compiled.set(loaded, ofModel)
  const key = [rows, capacity, temperature, topK, topP, watched].join()
  const known = ofModel.get(key) ?? makePrograms(loaded, rows, capacity, { temperature, topK, topP }, watched)
  ofModel.set(key, known)
  return known
}

function makePrograms(
  { engine, model }: LoadedModel,
  rows: number,
  capacity: number,
  sampling: Sampling,
  watched: boolean,
) {
  const { prefill, decode } = decodingFunctions(model, rows, capacity, sampling, watched)
  return {
    start: jit(engine, prefill, { name: 'prefill', parameterArgs: [0] }),
    step: jit(engine, decode, { name: 'decode', donate: [1], parameterArgs: [0] }),
  }
}

/** The two programs of generation, as functions to trace: whole prompts, and one more token per row. */
export function decodingFunctions(model: GptNeo, rows: number, capacity: number, sampling: Sampling, watched = false) {
  const batch = dim('batch', rows)
  const next = ({ logits, caches }: Decoded, position: Positions, words: Tensor) => ({
    ids: pickNext(logits, keyAt(words, position), sampling),
    ...(watched && { logits }),
    caches,
    position,
  })
  return {
    prefill: (parameters: Parameters, ids: Tensor<'batch' | 'sequence'>, lengths: Positions, words: Tensor) =>
      next(model.prefill(parameters, ids, lengths, capacity), lengths, words),
    decode: (parameters: Parameters, from: DecodeState, ids: Tensor<'batch'>, words: Tensor) => {
      const given = reshape(ids, [batch, dim('sequence', 1)])
      return next(model.decodeStep(parameters, given, from), from.position.add(1), words)
    },
  }
}

function disposeAll({ ids, logits, caches, position }: StepResult): void {
  ids.dispose()
  logits?.dispose()
  position.dispose()
  for (const cache of caches) Object.values(cache).forEach((array) => array.dispose())
}

function checkPrompts(prompts: readonly ArrayLike<number>[], { n_ctx, n_vocab }: ModelConfig): void {
  if (prompts.length === 0) throw new RangeError('prompts must not be empty (got none). Give at least one prompt')
  for (const prompt of prompts) {
    const { length } = prompt
    if (length === 0)
      throw new RangeError('a prompt must have at least one token (got none). Begin with the end-of-text token')
    if (length >= n_ctx) {
      throw new RangeError(
        `a prompt must have less than n_ctx = ${n_ctx} tokens (got ${length}). Shorten it, for example with fitPrompt`,
      )
    }
    const odd = Array.from(prompt).find((id) => !(Number.isInteger(id) && id >= 0 && id < n_vocab))
    if (odd !== undefined) {
      throw new RangeError(
        `token ids must be integers in [0, ${n_vocab}) (got ${odd}). Use the tokenizer that the model was trained with`,
      )
    }
  }
}
