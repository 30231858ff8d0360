import { ConfigError, inspectModelConfig, type AttentionKind, type ModelConfig } from '../config/index.js'
import { readKeys } from '../config/parse/read-keys.js'
import { basename, dirname, FileError, isAbsolute, join, readJson } from '../files/index.js'
import { ablationKeys, costKeys } from './spec-keys.js'

type Keys = Readonly<Record<string, unknown>>

/** A model that is trained with each seed. */
export interface Variant {
  /** Begins its runs' folders. */
  readonly name: string
  /** What it has in place of the base's keys. */
  readonly keys: Keys
  /** Of the first seed. */
  readonly config: ModelConfig
}

/** How time against context length is measured. */
export interface CostSpec {
  readonly lengths: readonly number[]
  /** Of a step, at every length. */
  readonly tokens: number
  /** Timed, after one that is not. */
  readonly steps: number
  readonly attention: readonly AttentionKind[]
}

/** Variants of a model, trained with several seeds on equal tokens in equal order. */
export interface AblationSpec {
  /** Of the file, without its extension. */
  readonly name: string
  /** The base's keys as they were written, with the train_steps that this ablation has. */
  readonly base: Keys
  /** `demo`, or the path of a data set config. */
  readonly data: string
  /** The first one is what the others are compared with. */
  readonly variants: readonly Variant[]
  readonly seeds: readonly number[]
  /** Steps between evaluations. */
  readonly evaluateEvery: number
  readonly costs: CostSpec | null
  /** For people: what has no effect, what may surprise. */
  readonly notes: readonly string[]
}

export interface ParseAblation {
  /** What errors name. @default 'ablation' */
  readonly source?: string
  /** What paths in it are relative to. @default '.' */
  readonly folder?: string
  /** @default 'ablation' */
  readonly name?: string
}

/** Reads the file of an ablation, such as configs/ablations/attention.json. Throws FileError, ConfigError with all problems. */
export async function readAblation(path: string): Promise<AblationSpec> {
  const name = basename(path).replace(/\.json$/, '')
  return parseAblation(await readJson(path), { source: path, folder: dirname(path), name })
}

/** Checks an ablation given as an object of the same keys. Throws ConfigError with all problems. */
export async function parseAblation(given: unknown, options: ParseAblation = {}): Promise<AblationSpec> {
  const { source = 'ablation', folder = '.', name = 'ablation' } = options
  if (!isObject(given))
    throw new ConfigError(source, ['an ablation is a JSON object of keys such as base, variants and seeds'])
  const problems: string[] = []
  const read = readKeys({ ...given }, ablationKeys, problems)
  const { base, variants = {}, seeds = [0], steps, tokens } = read as Given
  if (steps !== undefined && tokens !== undefined)
    problems.push(`steps: ${steps} and tokens ${tokens} say the same thing in two ways; remove one`)
  const keys = base === undefined ? null : await keysOfBase(base, folder, { steps, tokens }, problems)
  const parsed = keys ? readVariants(keys, variants, seeds[0], problems) : null
  const costs = read.costs === undefined ? null : readCosts(read.costs as Keys, problems)
  if (problems.length > 0 || !keys || !parsed) throw new ConfigError(source, problems)
  const data = read.data as string
  return {
    name,
    base: keys,
    data: data === 'demo' ? data : within(folder, data),
    variants: parsed.variants,
    seeds,
    evaluateEvery: read.evaluate_every as number,
    costs,
    notes: parsed.notes,
  }
}

interface Given {
  readonly base?: string | Keys
  readonly variants?: Keys
  readonly seeds?: readonly number[]
  readonly steps?: number
  readonly tokens?: number
}

/** Keys that make runs comparable: they are the base's, in all variants. */
const COMMON = ['n_ctx', 'n_vocab', 'train_batch_size', 'train_steps', 'seed', 'eval_batch_size', 'eval_steps']
/** Keys that say what is learned, and on what devices. */
const SETTING = ['mlm_training', 'datasets', 'mesh_shape', 'layout', 'parameter_layout']

/** The base's keys with the steps to train; null if something is wrong with it. */
async function keysOfBase(
  base: string | Keys,
  folder: string,
  { steps, tokens }: Pick<Given, 'steps' | 'tokens'>,
  problems: string[],
): Promise<Keys | null> {
  let keys: unknown = base
  if (typeof base === 'string') {
    try {
      keys = await readJson(within(folder, base))
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      problems.push(`base: ${error.message}`)
      return null
    }
  }
  // What a config without its number of steps makes of the tokens needs the rest of it to be right.
  const counted = inspectModelConfig(keys, { purpose: 'train', changes: { train_steps: steps ?? (tokens && 1) } })
  if (counted.config === null) {
    problems.push(...counted.problems.map((problem) => `base: ${problem}`))
    return null
  }
  const { n_ctx, train_batch_size, train_steps } = counted.config
  return {
    ...(keys as Keys),
    train_steps: steps ?? (tokens === undefined ? train_steps : Math.ceil(tokens / (n_ctx * train_batch_size))),
  }
}

/** The configs of the variants, and what their author should know. */
function readVariants(base: Keys, given: Keys, seed: number, problems: string[]) {
  const variants: Variant[] = []
  const notes: string[][] = []
  for (const [name, keys] of Object.entries(given)) {
    const at = `variants.${name}`
    if (!/^[a-z][\w.+-]*$/i.test(name))
      problems.push(`${at}: the name is to be a letter, then letters, digits and - _ . +, as it begins folders' names`)
    if (!isObject(keys)) {
      problems.push(`${at}: ${JSON.stringify(keys)} is not an object of model keys, such as {"rotary_emb": true}`)
      continue
    }
    const common = [...COMMON, ...SETTING].filter((key) => key in keys)
    if (common.length > 0)
      problems.push(`${at}: ${common.join(', ')} cannot differ between variants; put it into the base`)
    const changes = Object.fromEntries(Object.entries(keys).filter(([key]) => !common.includes(key)))
    const found = inspectModelConfig(base, { purpose: 'train', changes: { ...changes, seed } })
    problems.push(...found.problems.map((problem) => `${at}: ${problem}`))
    const { config } = found
    if (config === null) continue
    const same = variants.find((other) => JSON.stringify(other.config) === JSON.stringify(config))
    if (same) problems.push(`${at}: it is the same model as variants.${same.name}`)
    variants.push({ name, keys, config })
    notes.push(found.notes)
  }
  // What is true of every variant is said once; a base may have keys for other variants than these.
  const ofAll = (notes[0] ?? [])
    .filter((note) => notes.every((each) => each.includes(note)))
    .filter((note) => !note.includes('has no effect'))
  const own = variants.flatMap(({ name, keys }, i) =>
    notes[i]
      .filter((note) => !ofAll.includes(note) && Object.keys(keys).some((key) => new RegExp(`^${key}\\b`).test(note)))
      .map((note) => `variants.${name}: ${note}`),
  )
  return { variants, notes: [...ofAll.map((note) => `base: ${note}`), ...own] }
}

function readCosts(given: Keys, problems: string[]): CostSpec {
  const costs = readKeys({ ...given }, costKeys, problems, 'costs.') as unknown as CostSpec
  const { lengths = [], tokens } = costs as Partial<CostSpec>
  const odd = lengths.filter((length) => tokens !== undefined && tokens % length !== 0)
  if (odd.length > 0) problems.push(`costs.tokens: ${tokens} is not a multiple of ${odd.join(', ')} in costs.lengths`)
  return costs
}

function within(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}

function isObject(value: unknown): value is Keys {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** The config of a run. */
export function configOf(variant: Variant, seed: number): ModelConfig {
  return { ...variant.config, seed }
}
