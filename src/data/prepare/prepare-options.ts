/** Options of prepareData: meaning, units, defaults and checks. */
import { DataError } from '../error.js'
import type { Normalise } from './normalise.js'

/** What prepareData needs of a tokenizer. */
export interface TextEncoder {
  encode(text: string): ArrayLike<number>
}

export interface PrepareProgress {
  readonly documents: number
  /** Bytes read from the disk, of `inputBytesTotal`. */
  readonly inputBytes: number
  readonly inputBytesTotal: number
  readonly tokens: number
  readonly records: number
}

export interface PrepareOptions {
  /** Files, folders or patterns: text (one document a file), .jsonl (one a line), each also as .gz or .zst. */
  inputs: string | readonly string[]
  /** The folder to make. */
  output: string
  /** Prefix of the file names. @default 'data' */
  name?: string
  tokenizer: TextEncoder
  /** n_vocab: every id is below it. */
  vocabularySize: number
  /** n_ctx: records hold n_ctx + 1 ids and do not overlap, as GPT-Neo's. */
  contextLength: number
  /** The id that ends a text. */
  eosId: number
  /** Ids put after each document. @default [eosId] */
  separator?: readonly number[]
  /** @default 100000, as GPT-Neo */
  recordsPerFile?: number
  /**
   * 'stream': documents follow each other, no id is lost. 'gpt-neo': as create_tfrecords did, which drops some
   * (counted); then `minimumSize` is its --minimum_size, for tails. @default 'stream'
   */
  packing?: 'stream' | 'gpt-neo'
  /** Documents with fewer ids are skipped, and counted. @default 0: none */
  minimumSize?: number
  /** Treatment of the last ids, too few for a record: 'overlap' begins the last record earlier, so that none is lost;
   * 'drop' drops and counts them. @default 'overlap' */
  remainder?: 'overlap' | 'drop'
  /** Approximate fraction of the text held out for validation, chosen by index and seed. 0 to 1. @default 0 */
  validationFraction?: number
  /**
   * What is held out: whole documents, or passages of about 16,000 characters (for texts of few documents).
   * @default 'document'
   */
  validationUnit?: 'document' | 'passage'
  /** Seed of the choice of the held-out part. @default 0 */
  seed?: number
  /** Normalisation steps, each off by default. */
  normalise?: Normalise
  /**
   * What the inputs hold: texts; or JSON lines of { prompt, completion }, or of { messages: [{ role, content }, ...] }, whose
   * completions alone (the answers of the assistant) count in the loss. Each is a document of its own; several fill a
   * record, and do not see each other. @default 'text'
   */
  format?: 'text' | 'prompt-completion' | 'chat'
  /** Jinja template of `chat`, as `chat_template` of a tokenizer_config.json. */
  chatTemplate?: string
  /** Text of eosId's token, which the template may name as bos_token and eos_token. @default '' */
  eosToken?: string
  /** The key of a .jsonl line that holds the text. @default 'text' */
  textKey?: string
  /** Skip lines of .jsonl that cannot be used, and report them. @default false: they are errors */
  skipBadLines?: boolean
  /** Replace the output of an earlier prepareData. @default false */
  overwrite?: boolean
  /** Stored in the index, so that a model can be checked against it. */
  tokenizerHash?: string
  /** Path of the tokenizer, or the name of a released one ("gpt2"); stored in dataset.json, a path relative to `output`. */
  tokenizerPath?: string
  /** Stored in dataset.json. */
  paddingId?: number
  onProgress?: (progress: PrepareProgress) => void
  /** Aborting it removes what has been written and rejects with its reason. */
  signal?: AbortSignal
}

type Optional = 'chatTemplate' | 'eosToken' | 'tokenizerHash' | 'tokenizerPath' | 'paddingId' | 'onProgress' | 'signal'
export type CheckedOptions = Required<Omit<PrepareOptions, Optional>> & Pick<PrepareOptions, Optional>

/** Fills in defaults. Throws DataError with all problems at once. */
export function checkPrepareOptions(options: PrepareOptions): CheckedOptions {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as PrepareOptions
  const checked: CheckedOptions = {
    name: 'data',
    separator: [options.eosId],
    packing: 'stream',
    recordsPerFile: 100_000,
    minimumSize: 0,
    remainder: 'overlap',
    validationFraction: 0,
    validationUnit: 'document',
    seed: 0,
    normalise: {},
    format: 'text',
    textKey: 'text',
    skipBadLines: false,
    overwrite: false,
    ...given,
  }
  const { contextLength, vocabularySize, eosId, separator, validationFraction, name, paddingId } = checked
  const isId = (id: number) => Number.isInteger(id) && id >= 0 && id < vocabularySize
  const problems: string[] = []
  const need = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem)
  }
  const { recordsPerFile, minimumSize, seed, remainder, validationUnit, packing } = checked
  need(integerFrom(1, contextLength), `contextLength must be an integer >= 1 (got ${contextLength})`)
  need(
    integerFrom(1, vocabularySize) && vocabularySize <= 2 ** 31,
    `vocabularySize must be an integer from 1 to 2^31 (got ${vocabularySize})`,
  )
  need(isId(eosId), `eosId must be an id below vocabularySize ${vocabularySize} (got ${eosId})`)
  need(
    separator.length > 0 && separator.every(isId),
    `separator must be one or more ids below vocabularySize ${vocabularySize} (got [${separator.join(', ')}])`,
  )
  need(paddingId === undefined || integerFrom(0, paddingId), `paddingId must be an integer >= 0 (got ${paddingId})`)
  need(integerFrom(1, recordsPerFile), `recordsPerFile must be an integer >= 1 (got ${recordsPerFile})`)
  need(integerFrom(0, minimumSize), `minimumSize must be an integer >= 0 (got ${minimumSize})`)
  need(Number.isSafeInteger(seed), `seed must be an integer (got ${seed})`)
  need(
    validationFraction >= 0 && validationFraction < 1,
    `validationFraction must be >= 0 and < 1 (got ${validationFraction})`,
  )
  need(['overlap', 'drop'].includes(remainder), `remainder must be 'overlap' or 'drop' (got '${remainder}')`)
  need(
    ['document', 'passage'].includes(validationUnit),
    `validationUnit must be 'document' or 'passage' (got '${validationUnit}')`,
  )
  need(
    /^[^/\\*?[\]]+$/.test(name) && !name.startsWith('.'),
    `name must begin a file name, without / \\ * ? [ ] and without a leading dot (got '${name}')`,
  )
  need(
    minimumSize === 0 || validationUnit === 'document',
    `minimumSize must be 0 with validationUnit 'passage' (got ${minimumSize})`,
  )
  const { format, chatTemplate } = checked
  need(
    ['text', 'prompt-completion', 'chat'].includes(format),
    `format must be 'text', 'prompt-completion' or 'chat' (got '${format}')`,
  )
  need(format !== 'chat' || chatTemplate !== undefined, `chatTemplate must be given with format 'chat' (got none)`)
  need(
    format === 'text' || (packing === 'stream' && validationUnit === 'document'),
    `packing must be 'stream' and validationUnit 'document' with format '${format}'`,
  )
  need(['stream', 'gpt-neo'].includes(packing), `packing must be 'stream' or 'gpt-neo' (got '${packing}')`)
  need(
    packing === 'stream' || validationFraction === 0,
    `validationFraction must be 0 with packing 'gpt-neo' (got ${validationFraction})`,
  )
  if (problems.length > 0) throw new DataError(`prepareData: ${problems.join('; ')}`)
  return checked
}

function integerFrom(least: number, value: number): boolean {
  return Number.isSafeInteger(value) && value >= least
}
