import { z } from 'zod'
import { ConfigError, key, readKeys, type ModelConfig } from '../../config/index.js'
import { basename, dirname, readJson } from '../../files/index.js'
import { costsOf } from '../../plan/index.js'
import { ablationKeys } from '../spec-keys.js'
import { isObject, within, type Keys, type ParseAblation } from '../spec-parts.js'
import { parseAblation, type AblationSpec } from '../spec.js'
import { checkDesign, FitError } from './fit-law.js'

/** Variants of different sizes, each trained on different numbers of tokens: one ablation for each number. */
export interface ScalingSpec {
  /** Name of the file without its extension. */
  readonly name: string
  /** `demo`, or the path of a data set config. */
  readonly data: string
  readonly lengths: readonly { readonly tokens: number; readonly spec: AblationSpec }[]
}

const scalingKeys = {
  ...ablationKeys,
  tokens: key(
    z
      .array(z.number().int().min(1))
      .min(1)
      .refine((values) => new Set(values).size === values.length, {
        error: ({ input }) => `must not repeat a value (got ${JSON.stringify(input)})`,
      })
      .meta({ expected: 'a list of different integers >= 1, such as [128000, 256000, 512000]' }),
    'tokens of the trainings: each variant is trained with each number, with a learning rate schedule of that length',
    'neomesh',
  ),
} as const

/** Whether an ablation's file is one of `--fit`. */
export function isScaling(given: unknown): boolean {
  return isObject(given) && Array.isArray(given.tokens)
}

/** Reads the file of a scaling law, such as configs/ablations/scaling.json. Throws FileError, ConfigError. */
export async function readScaling(path: string): Promise<ScalingSpec> {
  const name = basename(path).replace(/\.json$/, '')
  return parseScaling(await readJson(path), { source: path, folder: dirname(path), name })
}

/**
 * Checks a scaling law's ablations given as an object: the keys of an ablation, with a list of `tokens`. Throws ConfigError
 * with all problems, also where sizes and tokens are too few to determine a law.
 */
export async function parseScaling(given: unknown, options: ParseAblation = {}): Promise<ScalingSpec> {
  const { source = 'ablation', folder = '.', name = 'ablation' } = options
  if (!isObject(given))
    throw new ConfigError(source, ['an ablation must be a JSON object of keys such as base, variants and tokens'])
  const problems: string[] = []
  const { steps, costs, ...rest } = given
  for (const [key, value] of Object.entries({ steps, costs }))
    if (value !== undefined) problems.push(`${key}: must not be given for a scaling law. Remove it`)
  const read = readKeys({ ...rest }, scalingKeys, problems) as { tokens?: readonly number[]; data?: string }
  if (problems.length > 0 || read.tokens === undefined) throw new ConfigError(source, problems)
  const lengths: { tokens: number; spec: AblationSpec }[] = []
  // Sorted, so that the short trainings show soon whether a spec works.
  for (const tokens of read.tokens.toSorted((a, b) => a - b))
    lengths.push({ tokens, spec: await parseAblation({ ...(rest as Keys), tokens }, { source, folder, name }) })
  const pairs = lengths.flatMap(({ spec }) =>
    spec.variants.map(({ config }) => ({ parameters: nonEmbedding(config), tokens: tokensOf(config) })),
  )
  try {
    checkDesign(pairs)
  } catch (error) {
    if (!(error instanceof FitError)) throw error
    throw new ConfigError(source, [error.message])
  }
  return { name, data: read.data === 'demo' ? 'demo' : within(folder, read.data!), lengths }
}

/** Tokens of a training, in whole steps. */
export function tokensOf({ train_steps, train_batch_size, n_ctx }: ModelConfig): number {
  return train_steps * train_batch_size * n_ctx
}

/** N of scaling laws: parameters without tables of tokens and positions, and without an output layer. */
export function nonEmbedding(config: ModelConfig): number {
  const { parameters, outside } = costsOf(config)
  const tables = outside.filter(({ name }) => /(^|\/)(wte|wpe|lm_head|linear_out\/.*)$/.test(name))
  return parameters - tables.reduce((sum, { count }) => sum + count, 0)
}
