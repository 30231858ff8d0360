import { Command } from 'commander'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import {
  exportHf,
  exportPeft,
  importFromHub,
  importHf,
  importPeft,
  importTf,
  isHubName,
  uploadModel,
  type ConvertOptions,
  type ConvertTotals,
  type DownloadProgress,
} from '../convert/index.js'
import { isFolder, join, remove } from '../files/index.js'
import { exportWeb } from '../web/index.js'
import { UsageError } from './errors.js'
import { interruptible } from './interrupt.js'
import { integerOption, TOKENIZER } from './options.js'
import { bytes, grouped } from '../text/index.js'
import { createProgress, whileWaiting } from './progress.js'

export function importCommand(): Command {
  const command = new Command('import').description('import a model from another format as a checkpoint')
  command
    .command('hf')
    .description(
      'import a Hugging Face GPT-Neo: a folder, or a model of the hub, OWNER/NAME, with config.json, safetensors and tokenizer',
    )
    .argument('<model>', 'the Hugging Face folder, or OWNER/NAME of the hub (with HF_TOKEN if it is private)')
    .requiredOption('-o, --out <folder>', 'checkpoint folder to write (required)')
    .option('--revision <name>', 'branch, tag or commit of a model of the hub (default: main)')
    .option('--cache <folder>', 'folder for downloads (default: HF_HUB_CACHE, or ~/.cache/huggingface/hub)')
    .action(async (model: string, { out, ...from }: { out: string; revision?: string; cache?: string }) => {
      if (!isHubName(model) || (await isFolder(model)))
        return convert('importing', (options) => importHf(model, out, options))
      return convert('importing', (options, onDownload) =>
        importFromHub(model, out, { ...options, ...from, onDownload }),
      )
    })
  command
    .command('tf')
    .description('import a TensorFlow checkpoint of the original GPT-Neo: PREFIX.index and PREFIX.data-*')
    .argument('<prefix>', 'path prefix of the files, or their folder')
    .requiredOption('-o, --out <folder>', 'checkpoint folder to write (required)')
    .option('-c, --config <path>', 'its model config (default: config.json beside it)')
    .option('-t, --tokenizer <path>', `${TOKENIZER}, to save with it`)
    .action((prefix: string, { out, config, tokenizer }: { out: string; config?: string; tokenizer?: string }) =>
      convert('importing', (options) => importTf(prefix, out, { ...options, config, tokenizer })),
    )
  command
    .command('peft')
    .description('import a LoRA adapter that PEFT saved: adapter_config.json, adapter_model.safetensors')
    .argument('<folder>', "PEFT's folder")
    .requiredOption(
      '-b, --base <model>',
      'the model that it is of: a run, a checkpoint or a Hugging Face folder (required)',
    )
    .requiredOption('-o, --out <folder>', 'checkpoint folder to write (required)')
    .action((folder: string, { base, out }: { base: string; out: string }) =>
      convert('importing', (options) => importPeft(folder, base, out, options)),
    )
  return command
}

export function exportCommand(): Command {
  const command = new Command('export').description('export a trained model to another format')
  command
    .command('hf')
    .description('export as a Hugging Face GPT-Neo folder, which transformers loads, or to the hub')
    .argument('<model>', 'folder of a run or of a checkpoint')
    .option('-o, --out <folder>', 'folder to write')
    .option('--push <name>', 'OWNER/NAME of the hub to upload to, with HF_TOKEN; it is created if it does not exist')
    .option('--branch <name>', 'branch of the hub to commit to (default: main)')
    .option('--private', 'make a new model of the hub private')
    .option('-t, --tokenizer <path>', `${TOKENIZER} (default: the run's)`)
    .option(
      '--max-shard-bytes <bytes>',
      'maximum size of a weights file; a larger model is sharded (default: 5e9)',
      integerOption(1),
    )
    .option('--vocab-size <rows>', 'number of embedding rows to export (default: n_vocab)', integerOption(1))
    .action(exportToHuggingFace)
  command
    .command('peft')
    .description("export the adapters of a run trained with lora_rank as PEFT's folder")
    .argument('<model>', 'folder of a run or of a checkpoint')
    .requiredOption('-o, --out <folder>', 'folder to write (required)')
    .action((model: string, { out }: { out: string }) =>
      convert('exporting', (options) => exportPeft(model, out, options)),
    )
  command
    .command('web')
    .description('export as a web page that samples in the browser, for any static server')
    .argument('<model>', 'folder of a run or of a checkpoint')
    .argument('<folder>', 'folder to write; an earlier export is replaced')
    .option('-t, --tokenizer <path>', `${TOKENIZER} (default: the run's)`)
    .action((model: string, folder: string, { tokenizer }: { tokenizer?: string }) =>
      convert('exporting', (options) => exportWeb(model, folder, { ...options, tokenizer })),
    )
  return command
}

interface HuggingFaceOptions {
  readonly out?: string
  readonly push?: string
  readonly branch?: string
  readonly private?: boolean
  readonly tokenizer?: string
  readonly maxShardBytes?: number
  readonly vocabSize?: number
}

async function exportToHuggingFace(model: string, options: HuggingFaceOptions): Promise<void> {
  const { out, push, branch, private: isPrivate, ...rest } = options
  if (out === undefined && push === undefined)
    throw new UsageError('a folder or a model of the hub must be named (got none). Name one with --out or --push')
  if (push !== undefined && !isHubName(push))
    throw new UsageError(`--push must be the name of a model of the hub, OWNER/NAME (got ${push})`)
  const folder = out ?? join(tmpdir(), `neomesh-${randomUUID()}`)
  try {
    await convert('exporting', async (converting) => {
      const totals = await exportHf(model, folder, { ...converting, ...rest })
      if (push === undefined) return totals
      const upload = uploadModel(folder, push, { branch, private: isPrivate, signal: converting.signal })
      return { ...totals, output: await whileWaiting(`uploading to ${push}`, upload) }
    })
  } finally {
    if (out === undefined) await remove(folder)
  }
}

/** A conversion with progress shown; Ctrl-C leaves nothing behind. */
async function convert(
  title: string,
  work: (options: ConvertOptions, onDownload: (at: DownloadProgress) => void) => Promise<ConvertTotals>,
): Promise<void> {
  const bar = createProgress({ title, total: 0, format: bytes })
  const { signal, done } = interruptible()
  try {
    const onProgress: ConvertOptions['onProgress'] = (at) =>
      bar.update(at.bytes, `${at.tensors} of ${at.totalTensors} tensors`, at.totalBytes)
    const { output, tensors, parameters, notes } = await work(
      { signal, onProgress },
      ({ file, bytes: done, totalBytes }) => bar.update(done, `downloading ${file}`, totalBytes),
    )
    for (const note of notes) bar.log(note)
    bar.stop(`${tensors} tensors, ${grouped(parameters)} parameters: ${output}`)
  } catch (error) {
    bar.stop()
    throw error
  } finally {
    done()
  }
}
