import { Command } from 'commander'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { withFileErrors } from '../files/index.js'
import { loadTokenizer, saveTokenizer, trainTokenizer, type Tokenizer } from '../tokenizer/index.js'
import { interruptible } from './interrupt.js'
import { several, whole } from './options.js'
import { bytes, createProgress, type Progress } from './progress.js'

export function tokenizerCommand(): Command {
  const command = new Command('tokenizer').description('make a byte-level BPE tokenizer, or use one')
  command.command('train')
    .description('learn a tokenizer from text files; writes tokenizer.json, which Hugging Face tokenizers reads')
    .argument('<files...>', 'text (each line is one text) or .jsonl (the "text" of each line)')
    .requiredOption('-o, --out <path>', 'where to write tokenizer.json')
    .option('-n, --vocab-size <count>', 'tokens to end with, the 256 bytes and special tokens among them', whole(1), 50257)
    .option('--min-frequency <count>', 'how often a pair must occur to become a token', whole(1), 2)
    .option('--special-token <text>', 'a token that is never split; may be given several times (default: <|endoftext|>)', several)
    .action(async (files: string[], options: { out: string; vocabSize: number; minFrequency: number; specialToken?: string[] }) => {
      const { signal, done } = interruptible()
      try {
        await makeTokenizer({ files, out: options.out, vocabSize: options.vocabSize, minFrequency: options.minFrequency, specialTokens: options.specialToken, signal })
      } finally {
        done()
      }
    })
  command.command('encode')
    .description('print the token ids of a text, given or from standard input')
    .argument('[text]')
    .requiredOption('-t, --tokenizer <path>', 'tokenizer.json, or a folder with it or with vocab.json and merges.txt')
    .option('--tokens', 'print the tokens themselves')
    .action(async (text: string | undefined, options: { tokenizer: string; tokens?: boolean }) => {
      const tokenizer = await loadTokenizer(options.tokenizer)
      const show = (ids: Int32Array) => Array.from(ids, (id) => (options.tokens ? JSON.stringify(tokenizer.decode([id])) : String(id))).join(' ')
      if (text !== undefined) return void process.stdout.write(`${show(tokenizer.encode(text))}\n`)
      process.stdin.setEncoding('utf8')
      let first = true
      for await (const ids of tokenizer.encodeStream(process.stdin)) {
        if (ids.length === 0) continue
        process.stdout.write(`${first ? '' : ' '}${show(ids)}`)
        first = false
      }
      process.stdout.write('\n')
    })
  return command
}

export interface MakeTokenizer {
  readonly files: readonly string[]
  readonly out: string
  readonly vocabSize: number
  readonly minFrequency?: number
  readonly specialTokens?: readonly string[]
  readonly signal?: AbortSignal
}

/** Trains and saves a tokenizer, showing progress. */
export async function makeTokenizer({ files, out, signal, ...options }: MakeTokenizer): Promise<Tokenizer> {
  let total = 0
  for (const file of files) total += (await withFileErrors('read', file, () => stat(file))).size
  let bar: Progress = createProgress({ title: 'counting words', total, format: bytes })
  let merging = false
  try {
    const tokenizer = await trainTokenizer({
      files, signal, ...options,
      onProgress(progress) {
        if (progress.phase === 'merging' && !merging) {
          merging = true
          bar.stop()
          bar = createProgress({ title: 'merging pairs', total: progress.total })
        }
        bar.update(progress.done)
      },
    })
    await withFileErrors('create the folder of', out, () => mkdir(dirname(out), { recursive: true }))
    await saveTokenizer(tokenizer, out)
    bar.stop(`tokenizer of ${tokenizer.vocabSize.toLocaleString('en-US')} tokens from ${bytes(total)}: ${out}`)
    return tokenizer
  } catch (error) {
    bar.stop()
    throw error
  }
}
