import { z } from 'zod'
import { ConfigError, inspectModelConfig, key, keyKinds, readKeys } from '../../config/index.js'
import { basename, dirname, readJson } from '../../files/index.js'
import { ablationKeys } from '../spec-keys.js'
import { checkName, isObject, readBase, within, type Keys, type ParseAblation } from '../spec-parts.js'
import type { Variant } from '../spec.js'

/** A race: recipes that train models to the same validation loss on the same data. */
export interface SpeedrunSpec {
  /** Name of the file without its extension. */
  readonly name: string
  /** `demo`, or the path of a data set config. */
  readonly data: string
  /** Validation loss to reach, nats per token. */
  readonly target: number
  /** Machine class that times are compared on, in words. */
  readonly machine: string
  /** The recipe that the others have to beat. */
  readonly record: string
  /** The record's recipe first. */
  readonly recipes: readonly Variant[]
  readonly seeds: readonly number[]
  /** Steps between evaluations: the resolution of a time. */
  readonly evaluateEvery: number
  readonly notes: readonly string[]
}

const speedrunKeys = {
  base: key(ablationKeys.base, 'model that the recipes change: a path, relative to this file, or the keys', 'neomesh'),
  data: ablationKeys.data,
  target: key(
    z.number().positive().meta({ expected: 'a number > 0' }),
    'validation loss at which a training ends, nats per token',
    'neomesh',
  ),
  machine: key(keyKinds.text, 'machine class that times are compared on, in words', 'neomesh'),
  record: key(keyKinds.text, 'name of the recipe that holds the record, which the others have to beat', 'neomesh'),
  recipes: key(
    z
      .record(z.string(), z.unknown())
      .refine((recipes) => Object.keys(recipes).length > 0, { error: 'must name at least one recipe' })
      .meta({ expected: 'an object of recipes, such as {"muon": {"opt_name": "muon", "lr": 0.02}}' }),
    "by recipe name, the model keys that override the base's; train_steps is the length of its learning rate schedule",
    'neomesh',
  ),
  seeds: ablationKeys.seeds,
  evaluate_every: key(keyKinds.size, 'steps between evaluations, which are not timed', 'neomesh'),
} as const

/** What makes losses comparable: only the base has these keys. */
const COMMON = ['n_ctx', 'n_vocab', 'seed', 'eval_batch_size', 'eval_steps', 'mlm_training', 'datasets']

/** Reads the file of a speedrun, such as configs/speedrun/demo.json. Throws FileError, ConfigError with all problems. */
export async function readSpeedrun(path: string): Promise<SpeedrunSpec> {
  const name = basename(path).replace(/\.json$/, '')
  return parseSpeedrun(await readJson(path), { source: path, folder: dirname(path), name })
}

/** Checks a speedrun given as an object of the same keys. Throws ConfigError with all problems. */
export async function parseSpeedrun(given: unknown, options: ParseAblation = {}): Promise<SpeedrunSpec> {
  const { source = 'speedrun', folder = '.', name = 'speedrun' } = options
  if (!isObject(given))
    throw new ConfigError(source, ['a speedrun must be a JSON object of keys such as base, target and recipes'])
  const problems: string[] = []
  const read = readKeys({ ...given }, speedrunKeys, problems) as unknown as Given
  const base = read.base === undefined ? {} : ((await readBase(read.base, folder, problems)) as Keys | null)
  if (problems.length > 0 || base === null) throw new ConfigError(source, problems)
  const notes: string[] = []
  const recipes = Object.entries(read.recipes).flatMap(([recipe, keys]): Variant[] => {
    const at = `recipes.${recipe}`
    checkName(at, recipe, problems)
    if (!isObject(keys)) {
      problems.push(`${at}: must be an object of model keys, such as {"lr": 0.01} (got ${JSON.stringify(keys)})`)
      return []
    }
    const common = COMMON.filter((key) => key in keys)
    if (common.length > 0)
      problems.push(`${at}: ${common.join(', ')} must be equal in all recipes. Put it into the base`)
    const found = inspectModelConfig(base, { purpose: 'train', changes: { ...keys, seed: read.seeds[0] } })
    problems.push(...found.problems.map((problem) => `${at}: ${problem}`))
    // A base has keys for recipes that do not use them.
    notes.push(
      ...found.notes
        .filter((note) => Object.keys(keys).some((key) => note.startsWith(`${key} `)))
        .map((note) => `${at}: ${note}`),
    )
    return found.config === null ? [] : [{ name: recipe, keys, config: found.config }]
  })
  if (!(read.record in read.recipes))
    problems.push(`record: must be one of the recipes: ${Object.keys(read.recipes).join(', ')} (got "${read.record}")`)
  if (problems.length > 0) throw new ConfigError(source, problems)
  const { data, target, machine, record, seeds, evaluate_every: evaluateEvery } = read
  const isRecord = (recipe: Variant) => recipe.name === record
  return {
    name,
    data: data === 'demo' ? data : within(folder, data),
    target,
    machine,
    record,
    recipes: [...recipes.filter(isRecord), ...recipes.filter((recipe) => !isRecord(recipe))],
    seeds,
    evaluateEvery,
    notes,
  }
}

interface Given {
  readonly base?: string | Keys
  readonly data: string
  readonly target: number
  readonly machine: string
  readonly record: string
  readonly recipes: Keys
  readonly seeds: readonly number[]
  readonly evaluate_every: number
}
