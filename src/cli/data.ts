import { Command, Option } from 'commander'
import { DataError, describeTotals, prepareData, type PrepareOptions, type PrepareTotals } from '../data/index.js'
import { sha256 } from '../files/index.js'
import { tokenizerJson, type Tokenizer } from '../tokenizer/index.js'
import { interruptible } from './interrupt.js'
import { openTokenizer } from './open-tokenizer.js'
import { real, TOKENIZER, whole } from './options.js'
import { bytes, createProgress } from './progress.js'

interface Options {
  tokenizer: string
  out: string
  context: number
  name?: string
  eos?: string
  validationFraction: number
  validationUnit: 'document' | 'passage'
  minimumSize: number
  recordsPerFile: number
  textKey: string
  skipBadLines?: boolean
  nfkc?: boolean
  overwrite?: boolean
  seed: number
}

export function dataCommand(): Command {
  const command = new Command('data').description('turn text into training data')
  const unit = new Option(
    '--validation-unit <unit>',
    'what is held out; a passage has about 16,000 characters',
  ).choices(['document', 'passage'])
  command
    .command('prepare')
    .description(
      'encode text and .jsonl files (also .gz and .zst) into GPT-Neo TFRecords, with an index and a data ' +
        'set config',
    )
    .argument('<inputs...>', 'files, folders or patterns; a text file is one document, a line of .jsonl is one')
    .requiredOption('-t, --tokenizer <path>', `${TOKENIZER} (required)`)
    .requiredOption('-o, --out <folder>', 'folder to make (required)')
    .requiredOption(
      '-c, --context <tokens>',
      'n_ctx of the models to train: a record has one token more (required)',
      whole(1),
    )
    .option('--name <name>', `first part of the files' names (default: "data")`)
    .option('--eos <token>', 'token put after each document', EOS)
    .option('--validation-fraction <part>', 'part of the text to hold out for validation', real(0, 1, { not: 1 }), 0)
    .addOption(unit.default('document'))
    .option('--minimum-size <tokens>', 'leave out shorter documents', whole(0), 0)
    .option('--records-per-file <count>', 'records in a file, at most', whole(1), 100_000)
    .option('--text-key <key>', 'key of the text in .jsonl', 'text')
    .option('--skip-bad-lines', 'skip lines of .jsonl that cannot be used, and list the first ten')
    .option('--nfkc', 'normalise Unicode (NFKC)')
    .option('--seed <number>', 'picks the held-out part', whole(0), 0)
    .option('--overwrite', 'replace an earlier data set in the folder')
    .action(async (inputs: string[], { tokenizer: path, out, context, eos, nfkc = false, ...rest }: Options) => {
      const { signal, done } = interruptible()
      try {
        const given = { inputs, output: out, contextLength: context, normalise: { nfkc }, ...rest, signal }
        await makeData(given, await openTokenizer(path), path, eos)
      } finally {
        done()
      }
    })
  return command
}

const EOS = '<|endoftext|>'
type Given = Omit<PrepareOptions, 'tokenizer' | 'vocabularySize' | 'eosId'>

/** Prepares a data set, showing progress and totals. */
export async function makeData(
  options: Given,
  tokenizer: Tokenizer,
  tokenizerPath: string,
  eos = EOS,
): Promise<PrepareTotals> {
  const eosId = tokenizer.idOf(eos)
  if (eosId === undefined) {
    throw new DataError(
      `the tokenizer ${tokenizerPath} has no token "${eos}" to put after documents: name one that ` +
        'it has with --eos',
    )
  }
  const bar = createProgress({ title: 'preparing data', total: 0, format: bytes })
  try {
    const totals = await prepareData({
      ...options,
      tokenizer,
      tokenizerPath,
      vocabularySize: tokenizer.vocabSize,
      eosId,
      tokenizerHash: sha256(await tokenizerJson(tokenizerPath)),
      onProgress: ({ inputBytes, inputBytesTotal, tokens, records }) =>
        bar.update(inputBytes, `${thousands(tokens)} tokens, ${thousands(records)} records`, inputBytesTotal),
    })
    bar.stop(`${describeTotals(totals)}\ndata set: ${options.output}/dataset.json`)
    return totals
  } catch (error) {
    bar.stop()
    throw error
  }
}

const thousands = (count: number) => count.toLocaleString('en-US')
