import { dirname, resolve } from '../../files/index.js'
import { isTokenizer, nameOfTokenizer, TokenizerError } from '../../tokenizer/index.js'
import { datasetFiles, readDatasetConfig, type DatasetConfig } from './dataset-config.js'
import { openDataset, type Dataset, type DatasetOptions } from './dataset.js'
import { runtime } from '../../runtime/index.js'

/** The open training and validation data. */
export interface Splits {
  readonly samples: Dataset
  readonly validation?: Dataset
  /** The tokenizer of the data: its path, if that exists, or the name of a released one. */
  readonly tokenizer?: string
  /** Id of the token that ends a text in it, where its index or its config says so. */
  readonly eosId?: number
  close(): void
}

/** Opens the data of a data set config. Throws DataError, FileError; then no file stays open. */
export async function openSplits(file: string, shape: Omit<DatasetOptions, 'path'>): Promise<Splits> {
  const dataset = await readDatasetConfig(file)
  const tokenizer = await tokenizerOf(dataset)
  const samples = await openDataset({ path: await datasetFiles(dataset, 'path'), ...shape })
  const eosId = samples.indexes[0]?.eosId ?? dataset.eosId
  if (dataset.eval_path === '') return { samples, tokenizer, eosId, close: samples.close }
  try {
    const validation = await openDataset({ path: await datasetFiles(dataset, 'eval_path'), ...shape })
    const close = () => [samples, validation].forEach((each) => each.close())
    return { samples, validation, tokenizer, eosId, close }
  } catch (error) {
    samples.close()
    throw error
  }
}

async function tokenizerOf({ tokenizer_path: path, file }: DatasetConfig): Promise<string | undefined> {
  if (path === undefined) return undefined
  for (const candidate of [resolve(dirname(file), path), path]) if (await isTokenizer(candidate)) return candidate
  try {
    return await nameOfTokenizer(path)
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error
    // Training needs only ids; the tokenizer would merely be copied into the run.
    runtime.warn(`${file}: tokenizer_path: ${error.message}. The run keeps no tokenizer`)
    return undefined
  }
}
