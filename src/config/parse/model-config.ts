import { basename, readJson } from '../../files/index.js'
import { inconsistencies, type ValidKeys } from '../diagnose/inconsistencies.js'
import { withoutDeprecated } from './deprecated-keys.js'
import { ConfigError, type Diagnostics, type RawConfig } from '../diagnose/diagnostics.js'
import { aboutOf, defaultOf } from '../keys/key.js'
import { mixtureKeys, type MixtureConfig } from '../keys/mixture.js'
import { modelKeys, type ModelConfig } from '../keys/model-keys.js'
import { readAsOriginal } from './compat-parsing.js'
import { readKeys } from './read-keys.js'
import { hints } from '../diagnose/hints.js'
import { unusedKeys } from '../diagnose/unused-keys.js'

export interface ParseOptions {
  /** What the config is for: training needs keys that sampling does not. */
  readonly purpose?: 'train'
  /** Keys that override the file's, such as those of the command line; undefined ones are ignored. */
  readonly changes?: Readonly<Record<string, unknown>>
}

export interface ParsedConfig {
  readonly config: ModelConfig
  /** For people: what has no effect, what is read as something else, what may be unexpected. */
  readonly notes: string[]
}

/** Reads a GPT-Neo model config. Throws FileError, and ConfigError with all problems. */
export async function readModelConfig(path: string, options: ParseOptions = {}): Promise<ParsedConfig> {
  return parseModelConfig(await readJson(path), path, options)
}

/** Checks a model config and fills in defaults. `source` names its origin in errors. Throws ConfigError. */
export function parseModelConfig(given: unknown, source = 'model config', options: ParseOptions = {}): ParsedConfig {
  const { config, problems, notes } = inspectModelConfig(given, options)
  if (config === null) throw new ConfigError(source, problems)
  return { config, notes: notes.map((note) => `${basename(source)}: ${note}`) }
}

/** As `parseModelConfig`, returning problems and notes. `config` is null if there are problems. */
export function inspectModelConfig(
  given: unknown,
  { purpose, changes = {} }: ParseOptions = {},
): Diagnostics & { config: ModelConfig | null } {
  const problems: string[] = []
  const notes: string[] = []
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    const what = Array.isArray(given) ? 'a list' : JSON.stringify(given)
    return { config: null, problems: [`must be a JSON object with keys such as n_embd (got ${what})`], notes }
  }
  if (isHuggingFace(given)) {
    const what =
      'is a config of Hugging Face transformers, not of GPT-Neo. Import its folder with neomesh import hf FOLDER'
    return { config: null, problems: [what], notes }
  }
  const overrides = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
  const written = { ...given, ...overrides } as RawConfig
  const original = written.compat === 'gpt-neo'
  const present = withoutDeprecated(withoutNulls(written, notes), { problems, notes }, original)
  const keys = withLowerCaseOptimizer(original ? readAsOriginal(present, notes) : present)

  const { moe_params: mixture, ...outer } = keys
  const config: RawConfig = readKeys(outer, modelKeys, problems)
  if (mixture !== undefined) config.moe_params = readMixture(mixture, problems)
  else if ((config.moe_layers as number[] | undefined)?.length) {
    config.moe_params = readMixture({}, problems)
    notes.push(
      'moe_params is missing: moe_layers have its defaults, such as 16 experts of hidden size 4096. neomesh config keys moe lists them',
    )
  }
  if (config.opt_name === 'adafactor' && keys.beta1 === undefined) config.beta1 = 0
  if (config.opt_name !== 'adafactor' && !('weight_decay' in keys)) config.weight_decay = 0

  if (purpose === 'train') problems.push(...missingToTrain(keys))
  problems.push(...inconsistencies(config as ValidKeys))
  if (problems.length > 0) return { config: null, problems, notes }
  const whole = config as unknown as ModelConfig
  return { config: whole, problems, notes: [...notes, ...unusedKeys(keys, whole), ...hints(whole)] }
}

/** transformers writes these keys into every config.json; GPT-Neo has none of them. */
function isHuggingFace(given: object): boolean {
  return 'model_type' in given && ('architectures' in given || 'transformers_version' in given || 'vocab_size' in given)
}

/** GPT-Neo's dictionary returns null for a missing key, so null means that the key is missing. */
function withoutNulls(given: RawConfig, notes: string[]): RawConfig {
  for (const [key, value] of Object.entries(given)) {
    const schema = Object.hasOwn(modelKeys, key) ? modelKeys[key as keyof typeof modelKeys] : undefined
    const instead = schema && aboutOf(schema).otherwise === undefined ? defaultOf(schema) : undefined
    if (value === null && typeof instead === 'number' && instead !== 0)
      notes.push(`${key}: null means the default, ${instead}`)
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
}

/** GPT-Neo ignores the case of optimizers' names. */
function withLowerCaseOptimizer(keys: RawConfig): RawConfig {
  return typeof keys.opt_name === 'string' ? { ...keys, opt_name: keys.opt_name.toLowerCase() } : keys
}

function readMixture(given: unknown, problems: string[]): MixtureConfig | undefined {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    problems.push(`moe_params: must be an object with keys such as moe_num_experts (got ${JSON.stringify(given)})`)
    return undefined
  }
  const before = problems.length
  const keys = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
  const mixture = readKeys(keys, mixtureKeys, problems, 'moe_params.')
  if (problems.length > before) return undefined
  const valid = mixture as unknown as MixtureConfig
  return keys.moe_switch_top_k === undefined
    ? { ...valid, moe_switch_top_k: Math.min(valid.moe_switch_top_k, valid.moe_num_experts) }
    : valid
}

/** Keys that training requires: their defaults are arbitrary. */
function missingToTrain(keys: RawConfig): string[] {
  const wanted: string[] = ['lr', 'train_steps', 'train_batch_size']
  if (keys.mlm_training === true) wanted.push('mlm_mask_id')
  return wanted.filter((key) => keys[key] === undefined).map((key) => `${key}: is missing; training requires it`)
}
