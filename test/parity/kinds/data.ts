/** Texts made into TFRecords, and batches read from them, as by create_tfrecords.py and inputs.py. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { batches, gptNeoOrder, normaliser, openDataset, prepareData, pythonShuffle } from '../../../src/data/index.js'
import { naturalSort } from '../../../src/files/index.js'
import type { CaseFile } from '../case-file.js'
import { Worst, type Verdict } from '../verdict.js'

export interface RecordedDocument {
  readonly read: string
  readonly ftfy: string
  readonly detokenized: string
  readonly ids: readonly number[]
  readonly ids_of_read: readonly number[]
}
export interface RecordedPacking {
  readonly name: string
  readonly input: string
  readonly files_in_the_order_read: readonly string[]
  readonly arguments: readonly string[]
  readonly files: readonly { readonly file: string; readonly records: readonly number[][] }[]
  readonly error?: string
}
export interface RecordedInput {
  readonly name: string
  readonly folder: string
  readonly global_step: number
  readonly batch: number
  readonly seed?: number
  readonly shuffle_input_filenames?: boolean
  readonly batches: readonly { readonly features: readonly number[][]; readonly labels: readonly number[][] }[]
}

export async function* data({ path, name: title, json }: CaseFile): AsyncGenerator<Verdict> {
  // The folders lie in data/ beside the file, or beside it.
  const beside = join(dirname(path), 'data')
  const root = existsSync(beside) ? beside : dirname(path)
  for (const [name, document] of Object.entries(json.documents as Record<string, RecordedDocument>))
    yield { name: `${title}: text ${name}`, measures: cleaned(document) }
  for (const packing of json.create_tfrecords as RecordedPacking[]) {
    const remark = packing.error && `the original: ${packing.error}`
    const measures = await packed(packing, json.documents, root)
    yield { name: `${title}: records ${packing.name}`, measures, ...(remark && { remark }) }
  }
  for (const input of json.sequential_input as RecordedInput[])
    yield { name: `${title}: batches ${input.name}`, measures: await read(input, root, json.n_ctx_of_sequential_input) }
  const worst = new Worst()
  for (const [key, wanted] of Object.entries(json.python_shuffle as Record<string, number[]>)) {
    const [seed, size] = key.match(/\d+/g)!.map(Number)
    worst.exact('shuffle', key, `${pythonShuffle([...Array(size).keys()], seed)}` === `${wanted}`)
  }
  const { input, output } = json.natural_sort as Record<'input' | 'output', string[]>
  worst.exact('sort', 'natural_sort', `${naturalSort(input)}` === `${output}`)
  yield { name: `${title}: orders`, measures: worst.measures }
}

function cleaned({ read, ftfy, detokenized }: RecordedDocument) {
  const worst = new Worst()
  const rules = { newlines: true, nfkc: true, quotes: true, entities: true }
  worst.exact('ftfy', 'text', normaliser(rules)(read) === ftfy)
  worst.exact('detokenized', 'text', normaliser({ ...rules, wikitext: true })(read) === detokenized)
  return worst.measures
}

/**
 * The same files, to the byte. The original's processes take len(files) // processes files each, in the order read, and
 * name their files <name>_<number>_<process>_<count>; the rest of each, without its process, overwrites the others'.
 */
async function packed(
  { name, input, files_in_the_order_read: sources, arguments: flags, files, error }: RecordedPacking,
  documents: Record<string, RecordedDocument>,
  root: string,
) {
  const worst = new Worst()
  const flag = (of: string) => flags[flags.indexOf(of) + 1]
  const each = error ? sources.length : Math.floor(sources.length / Number(flag('--processes')))
  /** What the original's tokenizer made of each text, at the stage at which it was given it. */
  const ids = new Map<string, readonly number[]>()
  for (const { read, detokenized, ids: ofClean, ids_of_read: ofRead } of Object.values(documents))
    ids.set(read, ofRead).set(detokenized, ofClean)
  // Naming a clean-up's flag switched it off.
  const clean = !flags.includes('--ftfy')
  const made = new Map<string, Buffer[]>()
  const folder = mkdtempSync(join(tmpdir(), 'neomesh-parity-'))
  try {
    for (let from = 0, process = 0; from < sources.length; from += each, process++) {
      const { train } = await prepareData({
        inputs: sources.slice(from, from + each).map((file) => join(root, input, file)),
        output: join(folder, `${process}`),
        name: flag('--name'),
        contextLength: Number(flag('--chunk_size')),
        separator: [Number(flag('--separator'))],
        minimumSize: Number(flag('--minimum_size')),
        recordsPerFile: Number(flag('--files_per')),
        packing: 'gpt-neo',
        // Python's text mode turns CR LF into LF before anything else.
        normalise: { newlines: true, nfkc: clean, quotes: clean, entities: clean, wikitext: clean },
        tokenizer: { encode: (text) => [...ids.get(text)!] },
        vocabularySize: 400,
        eosId: 0,
      })
      for (const { name: file } of train.files) {
        const there = file.replace(/_0(_\d+\.tfrecords)$/, `_${process}$1`)
        made.set(there, [...(made.get(there) ?? []), readFileSync(join(train.path, file))])
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  if (error) {
    worst.exact('runs', 'prepareData', made.size > 0)
    return worst.measures
  }
  const wanted = files.map(({ file }) => file).filter((file) => file.endsWith('.tfrecords'))
  worst.exact('names', [...made.keys()].sort().join(' '), [...made.keys()].sort().join() === [...wanted].sort().join())
  for (const file of wanted) {
    const recorded = readFileSync(join(root, name, file))
    worst.exact('bytes', file, made.get(file)?.some((bytes) => bytes.equals(recorded)) ?? false)
  }
  return worst.measures
}

async function read(
  { folder, seed, shuffle_input_filenames: shuffle, global_step, batch: batchSize, batches: wanted }: RecordedInput,
  root: string,
  contextLength: number,
) {
  const worst = new Worst()
  const dataset = await openDataset({ path: join(root, folder, '*.tfrecords'), contextLength })
  const reading = batches({ dataset, batchSize, order: gptNeoOrder({ files: dataset.files, seed, shuffle }) })
  for (const [i, { features, labels }] of wanted.entries()) {
    const ids = await reading.batch(global_step + i)
    for (let row = 0; row < batchSize; row++) {
      const found = [...ids.subarray(row * (contextLength + 1), (row + 1) * (contextLength + 1))]
      worst.exact('features', `step ${i}, row ${row}`, `${found.slice(0, -1)}` === `${features[row]}`)
      worst.exact('labels', `step ${i}, row ${row}`, `${found.slice(1)}` === `${labels[row]}`)
    }
  }
  await reading.close()
  dataset.close()
  return worst.measures
}
