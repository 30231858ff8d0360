import { ConfigError, inspectModelConfig, readKeys, type AttentionKind, type ModelConfig } from '../config/index.js'
import { basename, dirname, readJson } from '../files/index.js'
import { ablationKeys, costKeys } from './spec-keys.js'
import { checkName, isObject, readBase, within, type Keys, type ParseAblation } from './spec-parts.js'

/** A model to train with each seed. */
export interface Variant {
  /** Prefix of its run folders. */
  readonly name: string
  /** Keys that override the base's. */
  readonly keys: Keys
  /** The whole config, with the first seed. */
  readonly config: ModelConfig
}

/** How time against context length is measured. */
export interface CostSpec {
  readonly lengths: readonly number[]
  /** Tokens per step, at every length. */
  readonly tokens: number
  /** Timed steps, after one that is not timed. */
  readonly steps: number
  readonly attention: readonly AttentionKind[]
}

/** Variants of a model, trained with several seeds on equal tokens in equal order. */
export interface AblationSpec {
  /** Name of the file without its extension. */
  readonly name: string
  /** The base's keys as written, with this ablation's train_steps. */
  readonly base: Keys
  /** `demo`, or the path of a data set config. */
  readonly data: string
  /** The others are compared with the first one. */
  readonly variants: readonly Variant[]
  readonly seeds: readonly number[]
  /** Steps between evaluations. */
  readonly evaluateEvery: number
  readonly costs: CostSpec | null
  /** Notes for the user: keys without effect, surprising values. */
  readonly notes: readonly string[]
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
    throw new ConfigError(source, ['an ablation must be a JSON object of keys such as base, variants and seeds'])
  const problems: string[] = []
  const read = readKeys({ ...given }, ablationKeys, problems)
  const { base, variants = {}, seeds = [0], steps, tokens } = read as Given
  if (steps !== undefined && tokens !== undefined)
    problems.push(`steps: only one of steps and tokens may be given (got ${steps} and ${tokens}). Remove one`)
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

/** Keys that must be equal in all variants for runs to be comparable: only the base has them. */
const COMMON = ['n_ctx', 'n_vocab', 'train_batch_size', 'train_steps', 'seed', 'eval_batch_size', 'eval_steps']
/** Keys of the task and the devices, which must be equal too. */
const SETTING = ['mlm_training', 'datasets', 'mesh_shape', 'layout', 'parameter_layout']

/** The base's keys with the steps to train; null if it has problems. */
async function keysOfBase(
  base: string | Keys,
  folder: string,
  { steps, tokens }: Pick<Given, 'steps' | 'tokens'>,
  problems: string[],
): Promise<Keys | null> {
  const keys = await readBase(base, folder, problems)
  if (keys === null) return null
  // Steps follow from tokens only if the rest of the config is valid.
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

/** The configs of the variants, and notes for their author. */
function readVariants(base: Keys, given: Keys, seed: number, problems: string[]) {
  const variants: Variant[] = []
  const notes: string[][] = []
  for (const [name, keys] of Object.entries(given)) {
    const at = `variants.${name}`
    checkName(at, name, problems)
    if (!isObject(keys)) {
      problems.push(
        `${at}: must be an object of model keys, such as {"rotary_emb": true} (got ${JSON.stringify(keys)})`,
      )
      continue
    }
    const common = [...COMMON, ...SETTING].filter((key) => key in keys)
    if (common.length > 0)
      problems.push(`${at}: ${common.join(', ')} must be equal in all variants. Put it into the base`)
    const changes = Object.fromEntries(Object.entries(keys).filter(([key]) => !common.includes(key)))
    const found = inspectModelConfig(base, { purpose: 'train', changes: { ...changes, seed } })
    problems.push(...found.problems.map((problem) => `${at}: ${problem}`))
    const { config } = found
    if (config === null) continue
    const same = variants.find((other) => JSON.stringify(other.config) === JSON.stringify(config))
    if (same)
      problems.push(`${at}: must differ from the other variants (it is the same model as variants.${same.name})`)
    variants.push({ name, keys, config })
    notes.push(found.notes)
  }
  // Notes on every variant are given once; a base may have keys for variants that are not listed.
  const ofAll = (notes[0] ?? [])
    .filter((note) => notes.every((each) => each.includes(note)))
    .filter((note) => !note.includes('has no effect'))
  const ofOne = variants.flatMap(({ name, keys }, i) =>
    notes[i]
      .filter((note) => !ofAll.includes(note) && Object.keys(keys).some((key) => new RegExp(`^${key}\\b`).test(note)))
      .map((note) => `variants.${name}: ${note}`),
  )
  return { variants, notes: [...ofAll.map((note) => `base: ${note}`), ...ofOne] }
}

function readCosts(given: Keys, problems: string[]): CostSpec {
  const costs = readKeys({ ...given }, costKeys, problems, 'costs.') as unknown as CostSpec
  const { lengths = [], tokens } = costs as Partial<CostSpec>
  const odd = lengths.filter((length) => tokens !== undefined && tokens % length !== 0)
  if (odd.length > 0)
    problems.push(
      `costs.tokens: must be a multiple of all costs.lengths (got ${tokens}, not a multiple of ${odd.join(', ')})`,
    )
  return costs
}

/** The config of a run. */
export function configOf(variant: Variant, seed: number): ModelConfig {
  return { ...variant.config, seed }
}
