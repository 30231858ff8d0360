/** Small helpers for tests of this room. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeExample, frameRecord } from '../../src/data/index.js'
import type { RecordedDocument, RecordedPacking } from '../parity/kinds/data.js'

export const fixtures = fileURLToPath(new URL('../../../test/fixtures/data/', import.meta.url))

/** What the original GPT-Neo made of texts; test/parity makes the same of them. */
export const goldens = JSON.parse(readFileSync(join(fixtures, 'goldens.json'), 'utf8')) as {
  readonly documents: Record<string, RecordedDocument>
  readonly create_tfrecords: readonly RecordedPacking[]
}

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
