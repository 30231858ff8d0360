/** GPT-Neo's dataset configs (configs/dataset_configs/*.json, here configs/datasets/), read unmodified. */
import { z } from 'zod'
import { dirname, escapeGlob, isAbsolute, isFolder, join, readJson, resolve } from '../../files/index.js'
import { DataError } from '../error.js'
import { findTfrecords } from './dataset-files.js'
import { schemaProblems } from '../records/schema-problems.js'

const id = z.number().int().nonnegative()
const schema = z.strictObject({
  path: z.string().min(1).describe('pattern of the TFRecords to train on'),
  eval_path: z.string().default('').describe('pattern of those to evaluate on; empty: there are none'),
  n_vocab: z.number().int().positive().optional(),
  tokenizer_is_pretrained: z.boolean().default(false).describe('tokenizer_path is the name of a released one'),
  tokenizer_path: z.string().optional().describe('the tokenizer of the data: a path, or a name such as "gpt2"'),
  eos_id: id.default(1),
  padding_id: id.default(0),
  lambada_tokens_path: z.string().optional(),
})

/** The keys that GPT-Neo reads, under their own names, with its defaults; and `file`, where they came from. */
export type DatasetConfig = z.infer<typeof schema> & {
  readonly file: string
  /** eos_id, where it is named rather than a default. */
  readonly eosId?: number
}

/** Reads a dataset config. Throws FileError, or DataError with all problems at once; unknown keys are problems. */
export async function readDatasetConfig(file: string): Promise<DatasetConfig> {
  const json = await readJson(file)
  const parsed = schema.safeParse(json)
  if (parsed.success) {
    const named = Object.hasOwn(json as object, 'eos_id')
    return { ...parsed.data, file, ...(named && { eosId: parsed.data.eos_id }) }
  }
  const known = Object.keys(schema.shape).join(', ')
  throw new DataError(`${file} is not a dataset config; its keys are ${known}${schemaProblems(parsed.error)}`)
}

/**
 * The files that `path` or `eval_path` stands for, in natural order. A relative path is relative to the current
 * directory, as in GPT-Neo, or, if nothing is there, to the config's folder. Throws DataError that says what was tried.
 */
export async function datasetFiles(config: DatasetConfig, key: 'path' | 'eval_path'): Promise<string[]> {
  const pattern = config[key]
  if (pattern === '')
    throw new DataError(
      `${config.file}: ${key} is empty, so there is no data for this. ` +
        'Set it to a pattern such as "data/eval/*.tfrecords"',
    )
  if (isAbsolute(pattern)) return findTfrecords(pattern)
  const plain = join(dirname(config.file), pattern)
  // The config's own folder may have a name with * or [ in it.
  const beside = (await isFolder(plain)) ? plain : join(escapeGlob(dirname(config.file)), pattern)
  const here = await find(pattern)
  if (resolve(plain) === resolve(pattern)) return here.files ?? fail(config, key, [here.tried])
  const there = await find(beside)
  if (here.files !== undefined && there.files !== undefined) {
    throw new DataError(
      `${config.file}: ${key} "${pattern}" matches files under the current directory and beside the config ` +
        `(${plain}). Write an absolute path, so that it is clear which are meant`,
    )
  }
  return here.files ?? there.files ?? fail(config, key, [here.tried, there.tried])
}

async function find(pattern: string): Promise<{ files?: string[]; tried: string }> {
  try {
    return { files: await findTfrecords(pattern), tried: pattern }
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause
    return { tried: cause.message }
  }
}

function fail(config: DatasetConfig, key: string, tried: string[]): never {
  const lines = tried.map((line) => `\n  ${line}`).join('')
  throw new DataError(`${config.file}: ${key} "${config[key as 'path']}" finds no data. Tried:${lines}`)
}
