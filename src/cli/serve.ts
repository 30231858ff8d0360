/** `neomesh serve`: a trained model over HTTP. */
import { Command } from 'commander'
import { tokenizerFor } from '../convert/index.js'
import type { Engine } from '../engine/index.js'
import { FileError, readText, withFileErrors } from '../files/index.js'
import { loadModel, type LoadOptions } from '../generate/index.js'
import { openServedModel, startServer } from '../serve/index.js'
import { openEngine, withEngine, type EngineOptions } from './engine.js'
import { report } from './errors.js'
import { interruptedStatus, interruptible } from './interrupt.js'
import { dtypeOption, integerOption, TOKENIZER } from './options.js'
import { whileWaiting } from './progress.js'

interface Options extends EngineOptions {
  host: string
  port: number
  slots: number
  queue: number
  keyFile?: string
  dtype?: LoadOptions['dtype']
  tokenizer?: string
  chatTemplate?: string
}

/** Environment variable of the key. */
const KEY = 'NEOMESH_API_KEY'

export function serveCommand(): Command {
  return withEngine(
    new Command('serve')
      .description("serve a trained model over HTTP: OpenAI's API, and a page to try it")
      .argument('<model>', 'folder of a run, of a checkpoint, or of a Hugging Face GPT-Neo')
      .option('--host <address>', 'address to listen on (0.0.0.0: all of this machine)', '127.0.0.1')
      .option('--port <number>', 'port to listen on (0: a free one)', integerOption(0), 8000)
      .option('--slots <count>', 'number of prompts that are continued at the same time', integerOption(1), 8)
      .option('--queue <count>', 'number of prompts that may wait; more are refused', integerOption(0), 256)
      .option('--key-file <path>', `file of the key that clients must send (default: that of ${KEY}, if it is set)`)
      .addOption(dtypeOption())
      .option('--tokenizer <path>', `${TOKENIZER} (default: the run's)`)
      .option('--chat-template <path>', "file of a Jinja template of chat messages (default: the tokenizer's)")
      .action(serve),
  )
}

async function serve(path: string, options: Options): Promise<void> {
  const { host, port, slots, queue, keyFile } = options
  const key = keyFile === undefined ? process.env[KEY] || undefined : await readKey(keyFile)
  const chatTemplate = options.chatTemplate === undefined ? undefined : await read(options.chatTemplate)
  let engine: Engine | undefined
  const { signal, done } = interruptible(() => process.stderr.write('stopping: running answers may finish\n'))
  try {
    const open = async () => {
      engine = await openEngine(options)
      const model = await loadModel(engine, path, { dtype: options.dtype })
      const tokenizer = options.tokenizer ?? (await tokenizerFor(path, model.folder))
      if (tokenizer === undefined)
        throw new FileError(
          `${path} must have a tokenizer.json (got none). Check the path, or name a tokenizer with --tokenizer`,
          path,
        )
      return openServedModel(model, { tokenizer, chatTemplate, slots })
    }
    const server = await startServer(open, { host, port, queue, key, onError: report })
    try {
      const { name, notes } = await whileWaiting('loading the model', server.ready)
      for (const note of notes) process.stderr.write(`neomesh: note: ${note}\n`)
      if (!signal.aborted) process.stdout.write(`serving ${name} at ${server.url}\n`)
      await aborted(signal)
    } finally {
      await server.close()
    }
    process.exitCode = interruptedStatus()
  } finally {
    done()
    await engine?.close()
  }
}

/** Throws FileError, RangeError. */
async function readKey(path: string): Promise<string> {
  const key = (await read(path)).trim()
  if (key === '') throw new RangeError(`${path} must have a key in it (got an empty file)`)
  return key
}

function read(path: string): Promise<string> {
  return withFileErrors('open', path, () => readText(path))
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
