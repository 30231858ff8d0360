/**
 * Tokenizer: seconds to train, megabytes encoded and decoded a second on one core, memory.
 *
 *   node dist/bench/tokenizer.js CORPUS.txt [VOCABULARY_SIZE ...]      default sizes: 8192 32000
 *
 * Documents are about 4 KiB, cut at line ends; encoding and decoding are the median of three passes. Each row is a
 * process of its own, so that its memory is its own: the peak after training, and with the corpus and its ids held.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { trainTokenizer, type Tokenizer } from '../src/tokenizer/index.js'

const COLUMNS = ['vocabulary', 'train s', 'train MB', 'encode MB/s', 'decode MB/s', 'tokens', 'bytes/token', 'peak MB']

const [corpus, ...sizes] = process.argv.slice(2)
if (corpus === undefined) {
  console.error('usage: node dist/bench/tokenizer.js CORPUS.txt [VOCABULARY_SIZE ...]')
  process.exitCode = 1
} else if (process.env.NEOMESH_BENCH_ROW !== undefined) {
  console.log(row(await measure(corpus, Number(sizes[0]))))
} else {
  const load = loadavg()[0].toFixed(1)
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, load ${load}; Node ${process.version}`)
  console.log(`${corpus}: ${megabytes(readFileSync(corpus).length)} MB`)
  console.log(row(COLUMNS))
  const self = fileURLToPath(import.meta.url)
  const env = { ...process.env, NEOMESH_BENCH_ROW: '1' }
  for (const size of sizes.length > 0 ? sizes : ['8192', '32000'])
    process.stdout.write(execFileSync(process.execPath, [self, corpus, size], { env }))
}

async function measure(path: string, vocabSize: number): Promise<string[]> {
  const start = performance.now()
  const tokenizer = await trainTokenizer({ files: [path], vocabSize })
  const trainSeconds = (performance.now() - start) / 1000
  const trainMemory = peakMemory()

  const text = readFileSync(path, 'utf8')
  const bytes = Buffer.byteLength(text)
  const documents = documentsOf(text)
  const encoded = documents.map((document) => tokenizer.encode(document))
  const encodeSeconds = median(() => documents.forEach((document) => tokenizer.encode(document)))
  const decodeSeconds = median(() => encoded.forEach((ids) => tokenizer.decode(ids)))
  checkRoundTrip(tokenizer, documents, encoded)
  const tokens = encoded.reduce((sum, ids) => sum + ids.length, 0)
  return [
    tokenizer.vocabSize,
    trainSeconds.toFixed(2),
    trainMemory,
    megabytes(bytes / encodeSeconds),
    megabytes(bytes / decodeSeconds),
    tokens,
    (bytes / tokens).toFixed(3),
    peakMemory(),
  ].map(String)
}

function documentsOf(text: string): string[] {
  const documents = []
  for (let at = 0; at < text.length; at += documents[documents.length - 1].length)
    documents.push(text.slice(at, text.indexOf('\n', at + 4096) + 1 || text.length))
  return documents
}

function checkRoundTrip(tokenizer: Tokenizer, documents: readonly string[], encoded: readonly Int32Array[]): void {
  const wrong = documents.findIndex((document, at) => tokenizer.decode(encoded[at]) !== document)
  if (wrong >= 0)
    throw new Error(`document ${wrong} does not come back: ${JSON.stringify(documents[wrong].slice(0, 80))}`)
}

/** Seconds of the middle one of three runs. */
function median(run: () => void): number {
  const seconds = [0, 1, 2].map(() => {
    const start = performance.now()
    run()
    return (performance.now() - start) / 1000
  })
  return seconds.sort((a, b) => a - b)[1]
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, at) => String(cell).padStart(COLUMNS[at].length)).join('  ')
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

function peakMemory(): string {
  return Math.round((process.resourceUsage().maxRSS * 1024) / 1e6).toString()
}
