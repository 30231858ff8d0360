/** Golden data of the original GPT-Neo (made by running it), and small helpers for tests of this room. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeExample, frameRecord } from '../../src/data/index.js'

export const fixtures = fileURLToPath(new URL('../../../test/fixtures/data/', import.meta.url))

export interface GoldenPacking {
  name: string
  input: string
  files_in_the_order_read: string[]
  arguments: string[]
  files: { file: string; sha256: string; records: number[][] }[]
}
export interface GoldenInput {
  name: string
  folder: string
  global_step: number
  batch: number
  seed?: number
  shuffle_input_filenames?: boolean
  order: string[]
  batches: { features: number[][]; labels: number[][] }[]
}
export interface Goldens {
  documents: Record<string, { read: string; ftfy: string; detokenized: string; ids: number[]; ids_of_read: number[] }>
  create_tfrecords: GoldenPacking[]
  sequential_input: GoldenInput[]
  python_shuffle: Record<string, number[]>
}

export const goldens = JSON.parse(readFileSync(join(fixtures, 'goldens.json'), 'utf8')) as Goldens

/** One id a byte, and 256 to end a text. */
export const byteTokenizer = { encode: (text: string) => Buffer.from(text) }
export const byteOptions = { tokenizer: byteTokenizer, vocabularySize: 257, eosId: 256 }

/** Repeatable numbers: the minimal standard generator (Park and Miller 1988). */
export function randomIntegers(seed: number): (below: number) => number {
  let state = seed
  return (below) => (state = (state * 48271) % 2147483647) % below
}

/** Writes records of these ids and returns the path. */
export function writeRecords(folder: string, name: string, records: readonly ArrayLike<number>[]): string {
  const path = join(folder, name)
  writeFileSync(path, Buffer.concat(records.map((ids) => frameRecord(encodeExample(ids)))))
  return path
}
