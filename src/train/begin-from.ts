/** Beginning a run from the weights of another model. */
import { attentionKinds, type ModelConfig } from '../config/index.js'
import type { OpenModel } from '../convert/index.js'
import type { Engine } from '../engine/index.js'
import { FileError } from '../files/index.js'
import { GptNeo, isTrained, modelShape, parametersOf } from '../model/index.js'
import { loadTokenizer } from '../tokenizer/index.js'
import { describeDifferences, networkDifferences } from './network.js'
import { variablesOf } from './parameters.js'

export interface Adaptation {
  /**
   * Extends or cuts tables where the config has another n_vocab, n_ctx or kind of positions than the weights. New rows of
   * the vocabulary are the mean of the others; new positions repeat the table. @default false: that is an error
   */
  readonly resize?: boolean
  /** Layers of the weights to take, from 0, in order; one may be taken repeatedly. @default all */
  readonly fromLayers?: readonly number[]
}

/** The variables of a config, from given weights. */
export interface StartingWeights {
  read(variable: { readonly name: string; readonly shape: readonly number[] }): Promise<Float32Array>
  /** What was extended, cut, drawn or left out, one line each. */
  readonly notes: readonly string[]
}

/** Keys that `resize` adapts. */
const RESIZABLE: ReadonlySet<string> = new Set(['n_vocab', 'n_ctx', 'rotary_emb', 'axial_pos_emb'])
const POSITION_TABLES = /^gpt2\/(wpe|axial_wpe_[12])$/

/**
 * How the variables of a config are made of a model's. Throws FileError, in one line that names all differences, if its
 * network is another one.
 */
export function startingWeights(
  engine: Engine,
  source: OpenModel,
  config: ModelConfig,
  { resize = false, fromLayers }: Adaptation = {},
): StartingWeights {
  const where = source.folder
  const given = fromLayers ? withLayers(source.config, fromLayers, where) : source.config
  const differences = networkDifferences(given, config, { exact: true })
  const wrong = differences.filter(({ key }) => !(resize && RESIZABLE.has(key)))
  if (wrong.length > 0) throw new FileError(refusal(where, wrong, fromLayers !== undefined), where)
  const notes: string[] = []
  const readers = new Map<string, () => Promise<Float32Array>>()
  const toDraw: string[] = []
  let drawing: Promise<ReadonlyMap<string, Float32Array>> | undefined
  const drawn = async (name: string) => (await (drawing ??= draw(engine, config, toDraw))).get(name)!
  for (const { name, shape } of parametersOf(modelShape(config, { batch: 1 }), 'unroll')) {
    const theirs = fromLayers ? name.replace(/^gpt2\/h(\d+)\//, (_, i: string) => `gpt2/h${fromLayers[+i]}/`) : name
    const theirShape = source.shapeOf(theirs)
    const isAdapter = config.lora_rank > 0 && isTrained(name, config)
    if (theirShape === undefined && !isAdapter && !(resize && POSITION_TABLES.test(name)))
      throw new FileError(`${where} must have a variable "${theirs}" (got none). Use the config of its model`, where)
    if (theirShape === undefined) {
      if (!isAdapter) notes.push(`${name} is drawn from the seed: ${where} has other positions`)
      toDraw.push(name)
      readers.set(name, () => drawn(name))
    } else if (theirShape.join() === shape.join()) readers.set(name, () => source.read(theirs, shape))
    else if (resize && theirShape.length === 2 && theirShape[1] === shape[1] && isTable(name)) {
      notes.push(describeResize(name, theirShape[0], shape[0]))
      readers.set(name, async () => resized(await source.read(theirs, theirShape), theirShape, shape[0], name))
    } else if (resize && theirs === 'gpt2/wte_final_linear/conv1d_main/linear_out/kernel')
      readers.set(name, async () => widened(await source.read(theirs, theirShape), theirShape, shape[1]))
    else if (resize && theirs === 'gpt2/wte_final_linear/conv1d_main/linear_out/bias')
      readers.set(name, async () => resized(await source.read(theirs, theirShape), [theirShape[0], 1], shape[0], name))
    else
      throw new FileError(
        `${where}: "${theirs}" must have shape [${shape.join(', ')}] (got [${theirShape.join(', ')}]). ` +
          'Use the config of its model',
        where,
      )
  }
  for (const name of ['gpt2/wpe', 'gpt2/axial_wpe_1', 'gpt2/axial_wpe_2'])
    if (source.shapeOf(name) !== undefined && !readers.has(name))
      notes.push(`${name} is left out: the config has other positions`)
  if (fromLayers) notes.push(`layers ${fromLayers.join(', ')} of ${where} are taken, in this order`)
  if (source.config.compat !== config.compat)
    notes.push(`compat is ${config.compat}, that of ${where} ${source.config.compat}: the first loss may differ`)
  return { notes, read: ({ name }) => readers.get(name)!() }
}

/**
 * Throws FileError if a model's tokenizer and that of the data are known, and give texts different ids. Files that differ
 * in their bytes alone are equal.
 */
export async function checkSameTokenizer(
  source: OpenModel,
  data: { readonly tokenizer?: string; readonly hash?: string },
): Promise<void> {
  const { tokenizer, tokenizerHash, folder } = source
  if (tokenizerHash === undefined || data.hash === undefined || tokenizerHash === data.hash) return
  if (tokenizer !== undefined && data.tokenizer !== undefined) {
    const [theirs, ours] = await Promise.all([tokenizer, data.tokenizer].map((path) => loadTokenizer(path)))
    const same = ours.parts.merges.join() === theirs.parts.merges.join()
    const tokens = (each: typeof ours) => Array.from({ length: each.vocabSize }, (_, id) => each.tokenOf(id)).join('\n')
    if (same && tokens(ours) === tokens(theirs)) return
  }
  throw new FileError(
    `the data must be prepared with the tokenizer of ${folder} (sha256 ${tokenizerHash.slice(0, 12)}, got ` +
      `${data.hash.slice(0, 12)}). Prepare it again with --tokenizer ${tokenizer ?? folder}`,
    folder,
  )
}

/** The config of a model of some of its layers. */
function withLayers(config: ModelConfig, layers: readonly number[], where: string): ModelConfig {
  const wrong = layers.find((layer) => !Number.isInteger(layer) || layer < 0 || layer >= config.n_layer)
  if (layers.length === 0 || wrong !== undefined)
    throw new FileError(
      `fromLayers must list layers of ${where}, integers from 0 to ${config.n_layer - 1} (got ${wrong ?? 'none'})`,
      where,
    )
  const kinds = attentionKinds(config)
  return {
    ...config,
    n_layer: layers.length,
    attention_types: layers.map((layer) => [[kinds[layer]], 1]),
    moe_layers: layers.flatMap((layer, i) => (config.moe_layers.includes(layer) ? [i] : [])),
  }
}

/** The config to train with when none is given but layers are: the model's own, of those layers. */
export function configOfLayers(config: ModelConfig, layers: readonly number[] | undefined, where: string): ModelConfig {
  return layers === undefined ? config : withLayers(config, layers, where)
}

function refusal(where: string, wrong: ReturnType<typeof networkDifferences>, hasLayers: boolean): string {
  const remedies = ["use the model's own config (give none)"]
  if (wrong.every(({ key }) => RESIZABLE.has(key))) remedies.push('extend or cut its tables with --resize (resize)')
  if (!hasLayers && wrong.some(({ key }) => key === 'n_layer'))
    remedies.push('name the layers to take with --from-layers (fromLayers)')
  const [first, ...rest] = remedies.map((each, i) => (i === 0 ? each[0].toUpperCase() + each.slice(1) : each))
  return `the config must fit the weights of ${where}: ${describeDifferences(wrong)}. ${[first, ...rest].join(', or ')}`
}

/** Tables with a row for each token. */
const VOCAB_TABLES = ['gpt2/wte', 'gpt2/lm_head']
const isTable = (name: string) => VOCAB_TABLES.includes(name) || POSITION_TABLES.test(name)

function describeResize(name: string, from: number, to: number): string {
  if (to < from) return `${name} is cut from ${from} rows to ${to}`
  const how = VOCAB_TABLES.includes(name)
    ? 'the new ones are the mean of the others'
    : 'the new ones repeat it from its beginning'
  return `${name} is extended from ${from} rows to ${to}; ${how}`
}

function resized(data: Float32Array, [rows, width]: readonly number[], wanted: number, name: string): Float32Array {
  if (wanted <= rows) return data.slice(0, wanted * width)
  const all = new Float32Array(wanted * width)
  all.set(data)
  const mean = POSITION_TABLES.test(name) ? null : meanRow(data, rows, width)
  for (let row = rows; row < wanted; row++) {
    const from = row % rows
    all.set(mean ?? data.subarray(from * width, (from + 1) * width), row * width)
  }
  return all
}

/** As `resized`, of the columns of an output layer. */
function widened(data: Float32Array, [rows, columns]: readonly number[], wanted: number): Float32Array {
  const all = new Float32Array(rows * wanted)
  for (let row = 0; row < rows; row++) {
    const line = resized(data.subarray(row * columns, (row + 1) * columns), [columns, 1], wanted, 'kernel')
    all.set(line, row * wanted)
  }
  return all
}

function meanRow(data: Float32Array, rows: number, width: number): Float32Array {
  const sums = new Float64Array(width)
  for (let i = 0; i < rows * width; i++) sums[i % width] += data[i]
  return Float32Array.from(sums, (sum) => sum / rows)
}

/** Initial numbers of some variables. */
async function draw(
  engine: Engine,
  config: ModelConfig,
  names: readonly string[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const model = new GptNeo(config, { placement: engine.placement })
  const arrays = await model.initialise(engine, config.seed, names)
  const numbers = new Map<string, Float32Array>()
  for (const spec of model.specs.filter(({ name }) => name in arrays)) {
    for (const { name, data } of variablesOf(spec, null, await arrays[spec.name].read())) numbers.set(name, data)
    arrays[spec.name].dispose()
  }
  return numbers
}
