import { Command } from 'commander'
import { exportHf, importHf, importTf, type ConvertOptions, type ConvertTotals } from '../convert/index.js'
import { exportWeb } from '../web/index.js'
import { interruptible } from './interrupt.js'
import { TOKENIZER, whole } from './options.js'
import { bytes, createProgress } from './progress.js'

export function importCommand(): Command {
  const command = new Command('import').description('make a checkpoint of a model in another format')
  command
    .command('hf')
    .description('a Hugging Face GPT-Neo folder: config.json, safetensors in one file or in shards, tokenizer.json')
    .argument('<folder>', 'the Hugging Face folder')
    .requiredOption('-o, --out <folder>', 'checkpoint to make (required)')
    .action((folder: string, { out }: { out: string }) =>
      convert('importing', (options) => importHf(folder, out, options)),
    )
  command
    .command('tf')
    .description('a TensorFlow checkpoint of the original GPT-Neo: PREFIX.index and PREFIX.data-*')
    .argument('<prefix>', 'prefix of the files, or their folder')
    .requiredOption('-o, --out <folder>', 'checkpoint to make (required)')
    .option('-c, --config <path>', 'its model config (default: config.json beside it)')
    .option('-t, --tokenizer <path>', `${TOKENIZER} to keep with it`)
    .action((prefix: string, { out, config, tokenizer }: { out: string; config?: string; tokenizer?: string }) =>
      convert('importing', (options) => importTf(prefix, out, { ...options, config, tokenizer })),
    )
  return command
}

export function exportCommand(): Command {
  const command = new Command('export').description('write a trained model in another format')
  command
    .command('hf')
    .description('as a Hugging Face GPT-Neo folder, which transformers loads')
    .argument('<model>', 'folder of a run or of a checkpoint')
    .requiredOption('-o, --out <folder>', 'folder to make (required)')
    .option('-t, --tokenizer <path>', `${TOKENIZER} (default: the run's)`)
    .option(
      '--max-shard-bytes <bytes>',
      'largest file of weights; more are made of a larger model (default: 5e9)',
      whole(1),
    )
    .option('--vocab-size <rows>', 'leave out rows of the embedding beyond these (default: n_vocab)', whole(1))
    .action(
      (
        model: string,
        { out, ...rest }: { out: string; tokenizer?: string; maxShardBytes?: number; vocabSize?: number },
      ) => convert('exporting', (options) => exportHf(model, out, { ...options, ...rest })),
    )
  command
    .command('web')
    .description('as a page that samples in the browser, in a folder for any static server')
    .argument('<model>', 'folder of a run or of a checkpoint')
    .argument('<folder>', 'folder to make; one of an older export is replaced')
    .option('-t, --tokenizer <path>', `${TOKENIZER} (default: the run's)`)
    .action((model: string, folder: string, { tokenizer }: { tokenizer?: string }) =>
      convert('exporting', (options) => exportWeb(model, folder, { ...options, tokenizer })),
    )
  return command
}

/** A conversion with progress shown; Ctrl-C leaves nothing of it. */
async function convert(title: string, work: (options: ConvertOptions) => Promise<ConvertTotals>): Promise<void> {
  const bar = createProgress({ title, total: 0, format: bytes })
  const { signal, done } = interruptible()
  try {
    const { output, tensors, parameters, notes } = await work({
      signal,
      onProgress: (at) => bar.update(at.bytes, `${at.tensors} of ${at.totalTensors} tensors`, at.totalBytes),
    })
    for (const note of notes) bar.log(note)
    bar.stop(`${tensors} tensors, ${parameters.toLocaleString('en-US')} parameters: ${output}`)
  } catch (error) {
    bar.stop()
    throw error
  } finally {
    done()
  }
}
