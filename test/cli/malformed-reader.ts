/**
 * A process that reads malformed inputs, one after the other, as commands do: FOLDER has a folder for each, whose name
 * begins with the reader's. Prints a line of JSON for each: what was reported, how long it took, how much memory.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { report } from '../../src/cli/errors.js'
import { readModelConfig } from '../../src/config/index.js'
import { importHf, openTensorflowVariables } from '../../src/convert/index.js'
import { readDocuments } from '../../src/corpus/index.js'
import { openDataset, openSplits } from '../../src/data/index.js'
import { openSafetensors } from '../../src/files/index.js'
import { costsOf } from '../../src/plan/index.js'
import { loadTokenizer } from '../../src/tokenizer/index.js'
import { openCheckpoint, readMetrics } from '../../src/train/index.js'

/** What became of one input. */
export interface Outcome {
  readonly input: string
  /** What the command line prints of the error; '' if the input was read. */
  readonly reported: string
  readonly seconds: number
  /** Largest resident set of the process so far. */
  readonly mebibytes: number
}

async function readAll(data: { size: number; read(number: number): Promise<unknown> }): Promise<void> {
  for (let i = 0; i < Math.min(data.size, 100); i++) await data.read(i)
}

async function documents(path: string): Promise<void> {
  for await (const piece of readDocuments([path])) void piece
}

async function tokenizer(path: string): Promise<void> {
  const loaded = await loadTokenizer(path)
  loaded.decode(loaded.encode('the union, naïve 日本 <|endoftext|>'))
}

/** Each reads what is in its folder. */
export const readers: Readonly<Record<string, (folder: string, out: string) => Promise<unknown>>> = {
  safetensors: async (folder) => {
    const file = await openSafetensors(join(folder, 'a.safetensors'))
    try {
      for (const name of file.tensors.keys()) await file.read(name)
    } finally {
      await file.close()
    }
  },
  'hugging-face': (folder, out) => importHf(folder, out),
  tensorflow: async (folder) => {
    const { variables, close } = await openTensorflowVariables(join(folder, 'm.ckpt'))
    try {
      for (const { data } of variables) await data()
    } finally {
      await close()
    }
  },
  'tokenizer-json': (folder) => tokenizer(join(folder, 'tokenizer.json')),
  'tokenizer-pair': (folder) => tokenizer(folder),
  records: async (folder) => {
    const data = await openDataset({ path: join(folder, '*.tfrecords'), contextLength: 16, vocabularySize: 300 })
    await readAll(data).finally(() => data.close())
  },
  prepared: async (folder) => {
    const { samples, close } = await openSplits(join(folder, 'dataset.json'), {
      contextLength: 16,
      vocabularySize: 300,
    })
    await readAll(samples).finally(close)
  },
  config: async (folder) => costsOf((await readModelConfig(join(folder, 'model.json'))).config),
  'text-gz': (folder) => documents(join(folder, 'a.txt.gz')),
  'lines-gz': (folder) => documents(join(folder, 'a.jsonl.gz')),
  'lines-zst': (folder) => documents(join(folder, 'a.jsonl.zst')),
  lines: (folder) => documents(join(folder, 'a.jsonl')),
  text: (folder) => documents(join(folder, 'a.txt')),
  checkpoint: async (folder) => {
    const { manifest, read, close } = await openCheckpoint(folder)
    try {
      for (const [name, { shape }] of Object.entries(manifest.variables)) await read(name, shape)
    } finally {
      await close()
    }
  },
  metrics: (folder) => readMetrics(join(folder, 'metrics.jsonl')),
}

/** What the command line prints of an error. */
function printed(error: unknown): string {
  const parts: string[] = []
  const { write } = process.stderr
  process.stderr.write = ((text: string) => parts.push(text) > 0) as typeof write
  try {
    report(error)
  } finally {
    process.stderr.write = write
    process.exitCode = undefined
  }
  return parts.join('')
}

async function attempt(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return ''
  } catch (error) {
    return printed(error)
  }
}

if (process.argv[2] !== undefined) {
  const [folder, from, step] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
  process.removeAllListeners('warning')
  process.on('warning', () => {})
  const out = join(folder, '..', `out-${from}`)
  for (const [i, input] of readdirSync(folder).sort().entries()) {
    if (i % step !== from) continue
    process.stdout.write(`${JSON.stringify({ begins: input })}\n`)
    rmSync(out, { recursive: true, force: true })
    mkdirSync(out)
    const start = performance.now()
    const reported = await attempt(() => readers[input.replace(/-\d+$/, '')](join(folder, input), join(out, 'made')))
    const seconds = (performance.now() - start) / 1000
    const outcome: Outcome = { input, reported, seconds, mebibytes: process.resourceUsage().maxRSS / 1024 }
    process.stdout.write(`${JSON.stringify(outcome)}\n`)
  }
}
