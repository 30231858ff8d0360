import type { ModelConfig } from '../config/index.js'
import { identityOf, openSplits, prepareDemoData, trainDemoTokenizer, type Splits } from '../data/index.js'
import { FileError, isFile, join } from '../files/index.js'
import type { AblationSpec, Variant } from './spec.js'

/** Identity of an ablation's data: it can be resumed with the same data only. */
export interface DataIdentity {
  /** Sequences of n_ctx tokens. */
  readonly trainingSequences: number
  readonly validationSequences: number
  /** sha256 of the tokenizer.json, if an index has it. */
  readonly tokenizer: string | null
  /** UTF-8 bytes of text per token of the validation data, if an index has it. */
  readonly bytesPerToken: number | null
  /** Hashes of the training and validation sequences; older versions did not write them. */
  readonly content?: { readonly training: string; readonly validation: string }
}

export interface AblationData extends Splits {
  readonly validation: NonNullable<Splits['validation']>
  readonly identity: DataIdentity
}

/** What is prepared before data can be opened. */
export type Preparation = 'tokenizer' | 'data'

/**
 * Opens the data of an ablation; for "demo" it first makes the tokenizer and the data in the folder `out`, and yields
 * each. Throws DataError, FileError, TokenizerError, or the signal's reason.
 */
export async function* openData(
  spec: Pick<AblationSpec, 'data'> & { readonly variants: readonly Pick<Variant, 'config'>[] },
  out: string,
  signal?: AbortSignal,
): AsyncGenerator<Preparation, AblationData> {
  const { n_ctx, n_vocab } = spec.variants[0].config
  const file = spec.data === 'demo' ? yield* openDemo({ n_ctx, n_vocab }, out, signal) : datasetFile(spec.data)
  const splits = await openSplits(file, { contextLength: n_ctx, vocabularySize: n_vocab })
  const { samples, validation } = splits
  if (validation === undefined) {
    splits.close()
    throw new FileError(
      `${file}: eval_path must name validation data, on which an ablation compares losses (got none)`,
      file,
    )
  }
  const content = await contentOf(samples, validation).catch((error) => {
    splits.close()
    throw error
  })
  return {
    ...splits,
    validation,
    identity: {
      content,
      trainingSequences: samples.size,
      validationSequences: validation.size,
      tokenizer: samples.indexes[0]?.tokenizerHash ?? null,
      bytesPerToken: validation.bytesPerToken ?? null,
    },
  }
}

async function contentOf(samples: Splits['samples'], validation: Splits['samples']) {
  return { training: await identityOf(samples), validation: await identityOf(validation) }
}

/** A data set config, or the folder that `neomesh data prepare` made. */
function datasetFile(path: string): string {
  return path.endsWith('.json') ? path : join(path, 'dataset.json')
}

/** Makes the tokenizer and the records of the demo's texts, one in twenty held out, unless they exist. */
export async function* openDemo(
  { n_ctx, n_vocab }: Pick<ModelConfig, 'n_ctx' | 'n_vocab'>,
  out: string,
  signal?: AbortSignal,
): AsyncGenerator<Preparation, string> {
  const output = join(out, 'data')
  const file = datasetFile(output)
  if (await isFile(file)) return file
  const tokenizer = join(out, 'tokenizer.json')
  if (!(await isFile(tokenizer))) {
    yield 'tokenizer'
    await trainDemoTokenizer({ file: tokenizer, vocabSize: n_vocab, signal })
  }
  yield 'data'
  await prepareDemoData({ tokenizer, output, contextLength: n_ctx, signal })
  return file
}
