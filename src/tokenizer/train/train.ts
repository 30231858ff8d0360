import { nextTurn } from '../../runtime/index.js'
import { DataError, hasJsonLines, newReport, readTextLines, utf8Pieces, type ReadReport } from '../../corpus/index.js'
import { byteCharacters } from '../byte-alphabet.js'
import { TokenizerError } from '../error.js'
import { learnMerges } from './learn-merges.js'
import { Tokenizer } from '../tokenizer.js'
import { WordCounts } from './word-counts.js'

export interface TrainTokenizerOptions {
  /**
   * Text files, each also as .gz or .zst. Each line of a .jsonl file is an object with one text; of any other file each
   * line, with its end, is one text, as in Hugging Face's `tokenizer.train(files)`. Either `files` or `texts` must be
   * given.
   */
  files?: readonly string[]
  /** The key of a .jsonl line that holds the text. @default 'text' */
  textKey?: string
  /** Skip lines of .jsonl that cannot be used, and report them. @default false: they are errors */
  skipBadLines?: boolean
  /** Kept up to date while files are read. */
  report?: ReadReport
  /** The texts themselves, as in `tokenizer.train_from_iterator(texts)`. */
  texts?: Iterable<string> | AsyncIterable<string>
  /** Size of the vocabulary, including special tokens and the 256 bytes. A small corpus may yield fewer. */
  vocabSize: number
  /** Minimum count of a pair to become a token. @default 2, as in GPT-Neo's train_tokenizer.py */
  minFrequency?: number
  /** Tokens with the ids 0, 1, ..., never part of words. @default ['<|endoftext|>'] */
  specialTokens?: readonly string[]
  /** Called about ten times a second. */
  onProgress?: (progress: TrainingProgress) => void
  /** Ends the training: the promise is rejected with the signal's reason. */
  signal?: AbortSignal
}

/** `done` is bytes of files (before unpacking) or, of `texts`, UTF-16 units read in the first phase; tokens, of `total`, in the second. */
export type TrainingProgress =
  { phase: 'counting words'; done: number } | { phase: 'merging'; done: number; total: number }

/** Milliseconds of work between yields to the event loop. */
const YIELD_MS = 100

/**
 * Trains a byte-level BPE tokenizer. Vocabulary and merges are equal to those of Hugging Face tokenizers 0.23:
 * BpeTrainer(vocab_size, min_frequency, special_tokens, initial_alphabet=ByteLevel.alphabet()) with
 * ByteLevel(add_prefix_space=False). (Its pair counts overflow at 2^31 occurrences; these are exact to 2^53.)
 * Files are streamed; memory grows with the number of different words. Throws TokenizerError; of files FileError, DataError.
 */
export async function trainTokenizer(options: TrainTokenizerOptions): Promise<Tokenizer> {
  const { vocabSize, minFrequency = 2, specialTokens = ['<|endoftext|>'], report = newReport() } = options
  const { onProgress, signal } = options
  const firstTokens = [...new Set([...specialTokens, ...[...byteCharacters].sort()])]
  checkOptions(options, specialTokens, firstTokens.length)
  signal?.throwIfAborted()
  const yielder = new Yielder(signal)

  const counts = new WordCounts()
  await countWords({ ...options, report }, counts, (done) =>
    yielder.pause(() => onProgress?.({ phase: 'counting words', done })),
  )
  if (counts.words.size === 0 && report.linesSkipped > 0)
    throw new DataError(`none of ${report.linesSkipped} lines could be used. The first: ${report.skipped[0]}`)
  if (counts.words.size === 0)
    throw new TokenizerError('trainTokenizer', 'the corpus must not be empty', 'Give files or texts with some text')

  const byteIds = Int32Array.from(byteCharacters, (character) => firstTokens.indexOf(character))
  const pause = (done: number) => yielder.pause(() => onProgress?.({ phase: 'merging', done, total: vocabSize }))
  const { tokens, merges } = await learnMerges(counts, { firstTokens, byteIds, vocabSize, minFrequency, pause })
  onProgress?.({ phase: 'merging', done: tokens.length, total: vocabSize })

  const addedTokens = specialTokens.map((content, id) => ({ id, content, special: true }))
  return new Tokenizer({ vocabulary: tokens, merges, addedTokens }, 'trainTokenizer')
}

async function countWords(
  { files, texts, textKey = 'text', skipBadLines, report }: TrainTokenizerOptions & { report: ReadReport },
  counts: WordCounts,
  pause: (done: number) => Promise<void> | undefined,
): Promise<void> {
  let done = 0
  for await (const text of texts ?? []) {
    counts.addText(text)
    await pause((done += text.length))
  }
  for (const file of files ?? []) {
    if (hasJsonLines(file)) {
      for await (const { text } of readTextLines(file, { textKey, skipBadLines, strict: true }, report)) {
        counts.addText(text)
        await pause(report.inputBytes)
      }
    } else {
      for await (const piece of utf8Pieces(file, report)) {
        counts.addLines(piece)
        await pause(report.inputBytes)
      }
      counts.endLines()
    }
  }
}

/** Yields to the event loop between stretches of work, so that the program can show progress and abort. */
class Yielder {
  private last = performance.now()

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** After each stretch, calls `report` and yields; else returns undefined. Throws the reason of an aborted signal. */
  pause(report: () => void): Promise<void> | undefined {
    if (performance.now() - this.last < YIELD_MS) return undefined
    report()
    return nextTurn().then(() => {
      this.signal?.throwIfAborted()
      this.last = performance.now()
    })
  }
}

function checkOptions(options: TrainTokenizerOptions, specialTokens: readonly string[], smallest: number): void {
  const { files, texts, vocabSize, minFrequency = 2 } = options
  const wrong = (what: string, remedy: string) => new TokenizerError('trainTokenizer', what, remedy)
  if ((files === undefined) === (texts === undefined))
    throw wrong(
      `one of files and texts must be given (got ${files === undefined ? 'neither' : 'both'})`,
      'Give one of them',
    )
  if (files !== undefined && files.length === 0)
    throw wrong('files must not be empty', 'Give the paths of UTF-8 text files')
  if (!Number.isInteger(vocabSize) || vocabSize < smallest)
    throw wrong(
      `vocabSize must be an integer >= ${smallest} (got ${vocabSize})`,
      `It counts the 256 bytes and ${smallest - 256} special tokens`,
    )
  if (!Number.isInteger(minFrequency) || minFrequency < 0)
    throw wrong(`minFrequency must be an integer >= 0 (got ${minFrequency})`, 'The default is 2')
  if (specialTokens.includes('') || new Set(specialTokens).size < specialTokens.length)
    throw wrong(
      `specialTokens must be distinct and not empty (got ${JSON.stringify(specialTokens)})`,
      'Remove the others',
    )
}
