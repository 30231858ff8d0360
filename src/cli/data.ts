import { Command, Option } from 'commander'
import { DataError, describeTotals, prepareData, type PrepareOptions, type PrepareTotals } from '../data/index.js'
import { readText, sha256 } from '../files/index.js'
import { findChatTemplate, tokenizerJson, type Tokenizer } from '../tokenizer/index.js'
import { interruptible } from './interrupt.js'
import { openTokenizer } from './open-tokenizer.js'
import { integerOption, numberOption, parseOverride, TOKENIZER } from './options.js'
import { bytes, grouped } from '../text/index.js'
import { createProgress } from './progress.js'
import { parseTask, TASK_KINDS, taskKeys, taskNames, writeTask } from '../tasks/index.js'

interface Options {
  tokenizer: string
  out: string
  context: number
  name?: string
  eos?: string
  validationFraction: number
  validationUnit: 'document' | 'passage'
  format: NonNullable<PrepareOptions['format']>
  chatTemplate?: string
  minimumSize: number
  recordsPerFile: number
  textKey: string
  skipBadLines?: boolean
  nfkc?: boolean
  overwrite?: boolean
  seed: number
}

export function dataCommand(): Command {
  const command = new Command('data').description('prepare training data from text')
  const unit = new Option(
    '--validation-unit <unit>',
    'what to hold out: documents, or passages of about 16,000 characters',
  ).choices(['document', 'passage'])
  const format = new Option(
    '--format <format>',
    'what the inputs hold: text, or .jsonl with prompt and completion, or with messages; the loss then counts completions alone',
  )
  command
    .command('prepare')
    .description(
      'encode text and .jsonl files (also .gz and .zst) into GPT-Neo TFRecords, with an index and a data ' +
        'set config',
    )
    .argument('<inputs...>', 'files, folders or patterns; a text file is one document, a line of .jsonl is one')
    .requiredOption('-t, --tokenizer <path>', `${TOKENIZER} (required)`)
    .requiredOption('-o, --out <folder>', 'folder to write (required)')
    .requiredOption(
      '-c, --context <tokens>',
      'n_ctx of the models to train; a record has one more token (required)',
      integerOption(1),
    )
    .option('--name <name>', 'prefix of the file names (default: "data")')
    .option('--eos <token>', 'token appended to each document', EOS)
    .option(
      '--validation-fraction <fraction>',
      'fraction of the text to hold out for validation',
      numberOption(0, 1, { exclude: 1 }),
      0,
    )
    .addOption(unit.default('document'))
    .addOption(format.choices(['text', 'prompt-completion', 'chat']).default('text'))
    .option('--chat-template <file>', "Jinja template of --format chat (default: the tokenizer's)")
    .option('--minimum-size <tokens>', 'omit shorter documents', integerOption(0), 0)
    .option('--records-per-file <count>', 'maximum number of records per file', integerOption(1), 100_000)
    .option('--text-key <key>', 'key of the text in .jsonl', 'text')
    .option('--skip-bad-lines', 'skip invalid lines of .jsonl, and list the first ten')
    .option('--nfkc', 'normalise Unicode (NFKC)')
    .option('--seed <number>', 'random seed of the held-out part', integerOption(0), 0)
    .option('--overwrite', 'replace an existing data set in the folder')
    .action(
      async (
        inputs: string[],
        { tokenizer: path, out, context, eos, nfkc = false, chatTemplate: file, ...rest }: Options,
      ) => {
        const { signal, done } = interruptible()
        try {
          const chatTemplate = rest.format === 'chat' ? await templateOf(path, file) : undefined
          const about = { contextLength: context, normalise: { nfkc }, chatTemplate }
          const given = { inputs, output: out, ...about, ...rest, signal }
          await makeData(given, await openTokenizer(path), path, eos)
        } finally {
          done()
        }
      },
    )
  command
    .command('task')
    .description('write a synthetic task, such as mqar or parity, as labelled TFRecords with a data set config')
    .argument('<name>', `kind of task: ${taskNames.join(', ')}`)
    .requiredOption('-o, --out <folder>', 'folder to write (required)')
    .option('--set <key=value>', 'a setting of the task, such as pairs=8; repeatable', parseOverride)
    .option('--overwrite', 'replace an existing data set in the folder')
    .addHelpText('after', describeTasks)
    .action(async (name: string, { out, set = {}, overwrite }: TaskOptions) => {
      const { signal, done } = interruptible()
      try {
        const spec = parseTask({ ...set, name }, `the task ${name}`)
        const totals = await writeTask(spec, { output: out, overwrite, signal })
        const { vocabulary, length, model = {} } = spec.task
        const others = Object.entries(model).map(([key, value]) => `, ${key} ${JSON.stringify(value)}`)
        process.stderr.write(
          `${grouped(totals.train)} training and ${grouped(totals.validation)} test sequences for n_ctx ${length}, ` +
            `n_vocab ${vocabulary}${others.join('')}\ndata set: ${out}/dataset.json\n`,
        )
      } finally {
        done()
      }
    })
  return command
}

interface TaskOptions {
  readonly out: string
  readonly set?: Record<string, unknown>
  readonly overwrite?: boolean
}

/** The settings of each kind of task. */
function describeTasks(): string {
  const lines = taskNames.map((name) => {
    const settings = Object.keys(taskKeys(name)).filter((key) => key !== 'name')
    return `  ${name}: ${TASK_KINDS[name].meaning}\n    ${settings.join(', ')}`
  })
  return `\nTasks and their settings (docs/laboratory.md):\n${lines.join('\n')}`
}

/** The Jinja template of a file, or of a tokenizer's folder. */
async function templateOf(tokenizer: string, file?: string): Promise<string> {
  const found = file === undefined ? await findChatTemplate(tokenizer) : await readText(file)
  if (found !== undefined) return found
  throw new DataError(`${tokenizer} must have a chat template (got none). Name one with --chat-template`)
}

const EOS = '<|endoftext|>'
type DataOptions = Omit<PrepareOptions, 'tokenizer' | 'vocabularySize' | 'eosId'>

/** Prepares a data set, showing progress and totals. */
export async function makeData(
  options: DataOptions,
  tokenizer: Tokenizer,
  tokenizerPath: string,
  eos = EOS,
): Promise<PrepareTotals> {
  const eosId = tokenizer.idOf(eos)
  if (eosId === undefined) {
    throw new DataError(
      `the tokenizer ${tokenizerPath} has no token "${eos}" to append to documents. Name one of its tokens ` +
        'with --eos',
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
      eosToken: eos,
      tokenizerHash: sha256(await tokenizerJson(tokenizerPath)),
      onProgress: ({ inputBytes, inputBytesTotal, tokens, records }) =>
        bar.update(inputBytes, `${grouped(tokens)} tokens, ${grouped(records)} records`, inputBytesTotal),
    })
    bar.stop(`${describeTotals(totals)}\ndata set: ${options.output}/dataset.json`)
    return totals
  } catch (error) {
    bar.stop()
    throw error
  }
}
