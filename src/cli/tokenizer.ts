import { Command } from 'commander'
import { describePassedOver, describeSkippedLines, findTexts, newReport } from '../corpus/index.js'
import { checkOutputFile, dirname, makeFolder, removeEmptyFolders, stat, withFileErrors } from '../files/index.js'
import { releasedNames, saveTokenizer, trainTokenizer, type Tokenizer } from '../tokenizer/index.js'
import { interruptible } from './interrupt.js'
import { openTokenizer } from './open-tokenizer.js'
import { integerOption, repeatable, TOKENIZER } from './options.js'
import { bytes, grouped } from '../text/index.js'
import { createProgress, type Progress } from './progress.js'

interface TrainOptions {
  out: string
  vocabSize: number
  minFrequency: number
  specialToken?: string[]
  textKey: string
  skipBadLines?: boolean
}

export function tokenizerCommand(): Command {
  const command = new Command('tokenizer').description('train a byte-level BPE tokenizer, or use one')
  command
    .command('train')
    .description('train a tokenizer on text; writes tokenizer.json, which Hugging Face tokenizers reads')
    .argument('<inputs...>', 'text and .jsonl files (also .gz and .zst), folders or patterns; each line is one text')
    .requiredOption('-o, --out <path>', 'where to write tokenizer.json (required)')
    .option(
      '-n, --vocab-size <count>',
      'vocabulary size, including the 256 bytes and special tokens',
      integerOption(1),
      50257,
    )
    .option('--min-frequency <count>', 'minimum frequency of a pair to become a token', integerOption(1), 2)
    .option('--special-token <text>', 'a token that is never split; repeatable (default: <|endoftext|>)', repeatable)
    .option('--text-key <key>', 'key of the text in .jsonl', 'text')
    .option('--skip-bad-lines', 'skip invalid lines of .jsonl, and list the first ten')
    .action(async (inputs: string[], { specialToken: specialTokens, ...options }: TrainOptions) => {
      const { signal, done } = interruptible()
      try {
        await makeTokenizer({ inputs, specialTokens, signal, ...options })
      } finally {
        done()
      }
    })
  command
    .command('encode')
    .description('print the token ids of a text or of standard input')
    .argument('[text]', 'text to encode (default: standard input)')
    .requiredOption('-t, --tokenizer <path>', `${TOKENIZER} (required)`)
    .option('--tokens', 'print the tokens themselves')
    .action(encode)
  command
    .command('save')
    .description('save a tokenizer as tokenizer.json, which Hugging Face tokenizers reads')
    .argument('<tokenizer>', `${TOKENIZER}; names: ${releasedNames.join(', ')}`)
    .requiredOption('-o, --out <path>', 'where to write tokenizer.json (required)')
    .action(async (source: string, { out }: { out: string }) => {
      await checkOutputFile(out)
      const tokenizer = await openTokenizer(source)
      await save(tokenizer, out)
      process.stderr.write(`tokenizer of ${grouped(tokenizer.vocabSize)} tokens: ${out}\n`)
    })
  return command
}

async function encode(text: string | undefined, options: { tokenizer: string; tokens?: boolean }): Promise<void> {
  const tokenizer = await openTokenizer(options.tokenizer)
  const one = (id: number) => (options.tokens ? JSON.stringify(tokenizer.decode([id])) : String(id))
  const show = (ids: Int32Array) => Array.from(ids, one).join(' ')
  if (text !== undefined) return void process.stdout.write(`${show(tokenizer.encode(text))}\n`)
  process.stdin.setEncoding('utf8')
  let first = true
  for await (const ids of tokenizer.encodeStream(process.stdin)) {
    if (ids.length === 0) continue
    process.stdout.write(`${first ? '' : ' '}${show(ids)}`)
    first = false
  }
  process.stdout.write('\n')
}

export interface MakeTokenizer {
  /** Files, folders or patterns. */
  readonly inputs: readonly string[]
  readonly out: string
  readonly vocabSize: number
  readonly minFrequency?: number
  readonly specialTokens?: readonly string[]
  readonly textKey?: string
  readonly skipBadLines?: boolean
  readonly signal?: AbortSignal
}

/** Trains and saves a tokenizer, showing progress. */
export async function makeTokenizer({ inputs, out, signal, ...options }: MakeTokenizer): Promise<Tokenizer> {
  await checkOutputFile(out)
  const { files, passedOver } = await findTexts(inputs)
  const report = newReport()
  let total = 0
  for (const file of files) total += (await withFileErrors('read', file, () => stat(file))).size
  let bar: Progress = createProgress({ title: 'counting words', total, format: bytes })
  let merging = false
  try {
    const tokenizer = await trainTokenizer({
      files,
      report,
      signal,
      ...options,
      onProgress(progress) {
        if (progress.phase === 'merging' && !merging) {
          merging = true
          bar.stop()
          bar = createProgress({ title: 'merging pairs', total: progress.total })
        }
        bar.update(progress.done)
      },
    })
    signal?.throwIfAborted()
    await save(tokenizer, out)
    const few = tokenizer.vocabSize < options.vocabSize
    const why = few ? ` (of ${grouped(options.vocabSize)} requested: no other pair occurs often enough)` : ''
    const lines = [...(passedOver.length > 0 ? [describePassedOver(passedOver)] : []), ...describeSkippedLines(report)]
    for (const line of lines) bar.log(line)
    bar.stop(`tokenizer of ${grouped(tokenizer.vocabSize)} tokens${why} from ${bytes(total)}: ${out}`)
    return tokenizer
  } catch (error) {
    bar.stop()
    throw error
  }
}

async function save(tokenizer: Tokenizer, out: string): Promise<void> {
  const folder = dirname(out)
  const made = await makeFolder(folder)
  try {
    await saveTokenizer(tokenizer, out)
  } catch (error) {
    if (made !== undefined) await removeEmptyFolders(folder, made)
    throw error
  }
}
