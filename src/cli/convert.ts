import { Command } from 'commander'
import { exportHf, importHf, importTf, type ConvertOptions, type ConvertTotals } from '../convert/index.js'
import { exportWeb } from '../web/index.js'
import { interruptible } from './interrupt.js'
import { integerOption, TOKENIZER } from './options.js'
import { bytes, grouped } from '../text/index.js'
import { createProgress } from './progress.js'

export function importCommand(): Command {
  const command = new Command('import').description('import a model from another format as a checkpoint')
  command
    .command('hf')
    .description(
      'import a Hugging Face GPT-Neo folder: config.json, safetensors in one file or in shards, tokenizer.json',
    )
    .argument('<folder>', 'the Hugging Face folder')
    .requiredOption('-o, --out <folder>', 'checkpoint folder to write (required)')
    .action((folder: string, { out }: { out: string }) =>
      convert('importing', (options) => importHf(folder, out, options)),
    )
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
  return command
}

export function exportCommand(): Command {
  const command = new Command('export').description('export a trained model to another format')
  command
    .command('hf')
    .description('export as a Hugging Face GPT-Neo folder, which transformers loads')
    .argument('<model>', 'folder of a run or of a checkpoint')
    .requiredOption('-o, --out <folder>', 'folder to write (required)')
    .option('-t, --tokenizer <path>', `${TOKENIZER} (default: the run's)`)
    .option(
      '--max-shard-bytes <bytes>',
      'maximum size of a weights file; a larger model is sharded (default: 5e9)',
      integerOption(1),
    )
    .option('--vocab-size <rows>', 'number of embedding rows to export (default: n_vocab)', integerOption(1))
    .action(
      (
        model: string,
        { out, ...rest }: { out: string; tokenizer?: string; maxShardBytes?: number; vocabSize?: number },
      ) => convert('exporting', (options) => exportHf(model, out, { ...options, ...rest })),
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

/** A conversion with progress shown; Ctrl-C leaves nothing behind. */
async function convert(title: string, work: (options: ConvertOptions) => Promise<ConvertTotals>): Promise<void> {
  const bar = createProgress({ title, total: 0, format: bytes })
  const { signal, done } = interruptible()
  try {
    const { output, tensors, parameters, notes } = await work({
      signal,
      onProgress: (at) => bar.update(at.bytes, `${at.tensors} of ${at.totalTensors} tensors`, at.totalBytes),
    })
    for (const note of notes) bar.log(note)
    bar.stop(`${tensors} tensors, ${grouped(parameters)} parameters: ${output}`)
  } catch (error) {
    bar.stop()
    throw error
  } finally {
    done()
  }
}
