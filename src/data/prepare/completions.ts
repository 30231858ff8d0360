/**
 * Prompts with completions, and conversations, as records: each is a document, begun at position 0 of its own; the loss counts
 * the completion, or the answers of the assistant, and the token that ends them. Whole documents fill a record while they
 * fit, and padding the rest; one longer than a record loses its end, which is counted.
 */
import { Template } from '@huggingface/jinja'
import { countCodePoints, DataError, hasJsonLines, newReport, readJsonValues } from '../../corpus/index.js'
import { BEGINS, COUNTS } from '../records/completions.js'
import type { Split } from './dataset-split.js'
import { assignSplit, type DocumentTotals } from './packing.js'
import type { CheckedOptions } from './prepare-options.js'

/** A part of a document: text, and whether the loss counts it. */
export interface Part {
  readonly text: string
  readonly counts: boolean
}

/** Reads all documents into the train or the validation split. Throws DataError that names file and line. */
export async function readCompletions(
  options: CheckedOptions,
  files: readonly string[],
  train: Split,
  validation: Split | undefined,
) {
  const report = newReport()
  const totals: DocumentTotals = { documentsRead: 0, documentsEmpty: 0, documentsTooShort: 0, tokensTooShort: 0 }
  const partsOf = options.format === 'chat' ? conversation(options) : promptAndCompletion
  for (const path of files) {
    if (!hasJsonLines(path))
      throw new DataError(
        `${path} must be JSON lines for --format ${options.format} (got text). Rename it to .jsonl if it is`,
      )
    for await (const { value, line } of readJsonValues(path, report)) {
      options.signal?.throwIfAborted()
      const where = `${path}:${line}`
      const parts = partsOf(value, where)
      if (!parts.some(({ counts, text }) => counts && text !== '')) {
        totals.documentsEmpty++
        continue
      }
      const split = assignSplit({ options, train, validation, totals }, totals.documentsRead++)
      await addDocument(options, split, idsOf(options, parts))
      split.documents++
      for (const { text } of parts) {
        split.characters += countCodePoints(text)
        split.bytes += Buffer.byteLength(text)
      }
    }
  }
  for (const split of [train, validation]) if (split) await fill(options, split)
  options.onProgress?.({
    documents: totals.documentsRead,
    inputBytes: report.inputBytes,
    inputBytesTotal: report.inputBytes,
    tokens: train.writer.tokens,
    records: train.writer.records,
  })
  return { ...totals, charactersReplaced: report.replaced, linesSkipped: 0, skipped: [] }
}

/** A prompt and a completion are encoded apart, as they are when the prompt alone is given to the model. */
function idsOf({ tokenizer, eosId }: CheckedOptions, parts: readonly Part[]): number[] {
  const ids = parts.flatMap(({ text, counts }) =>
    Array.from(tokenizer.encode(text), (id) => id + (counts ? COUNTS : 0)),
  )
  if (parts.at(-1)!.counts && ids.at(-1) !== eosId + COUNTS) ids.push(eosId + COUNTS)
  // Nothing predicts the first token.
  ids[0] = (ids[0] % COUNTS) + BEGINS
  return ids
}

async function addDocument(options: CheckedOptions, split: Split, ids: readonly number[]): Promise<void> {
  const size = options.contextLength + 1
  const kept = ids.slice(0, size)
  split.tokensDropped += ids.length - kept.length
  if (split.writer.waiting + kept.length > size) await fill(options, split)
  await split.writer.push(kept)
}

/** Fills the record that has begun with padding, a document that the loss does not count. */
async function fill({ contextLength, eosId }: CheckedOptions, split: Split): Promise<void> {
  const { writer } = split
  if (writer.waiting === 0) return
  const padding = new Array<number>(contextLength + 1 - writer.waiting).fill(eosId)
  padding[0] += BEGINS
  split.padding += padding.length
  await writer.push(padding)
}

function promptAndCompletion(value: unknown, where: string): Part[] {
  const { prompt, completion } = Object(value) as { prompt?: unknown; completion?: unknown }
  if (typeof prompt !== 'string' || typeof completion !== 'string')
    throw new DataError(
      `${where}: the line must have the keys "prompt" and "completion" with text (got ${keysOf(value)})`,
    )
  return [
    { text: prompt, counts: false },
    { text: completion, counts: true },
  ]
}

/** Renders conversations by the tokenizer's template: what it adds for each answer, beyond the prompt for it, counts. */
function conversation({ chatTemplate, eosToken = '' }: CheckedOptions): (value: unknown, where: string) => Part[] {
  let template: Template
  try {
    template = new Template(chatTemplate!)
  } catch (cause) {
    throw new DataError(`the chat template must be valid Jinja (got: ${firstLine(cause)}). Name another template`)
  }
  return (value, where) => {
    const { messages } = Object(value) as { messages?: unknown }
    const isMessage = (each: unknown) => {
      const { role, content } = Object(each) as { role?: unknown; content?: unknown }
      return typeof role === 'string' && typeof content === 'string'
    }
    if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isMessage))
      throw new DataError(
        `${where}: the line must have the key "messages" with a list of { role, content } (got ${keysOf(value)})`,
      )
    const given = messages as { role: string; content: string }[]
    const render = (count: number, prompt: boolean) => {
      try {
        return template.render({
          messages: given.slice(0, count),
          add_generation_prompt: prompt,
          bos_token: eosToken,
          eos_token: eosToken,
        })
      } catch (cause) {
        throw new DataError(`${where}: the chat template refuses the messages (${firstLine(cause)})`)
      }
    }
    const parts: Part[] = []
    let done = ''
    const addUpTo = (text: string, counts: boolean) => {
      if (!text.startsWith(done))
        throw new DataError(`${where}: the chat template must keep what precedes a message (got another beginning)`)
      if (text.length > done.length) parts.push({ text: text.slice(done.length), counts })
      done = text
    }
    for (const [i, { role }] of given.entries()) {
      if (role !== 'assistant') continue
      addUpTo(render(i, true), false)
      addUpTo(render(i + 1, false), true)
    }
    return parts
  }
}

function keysOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const keys = Object.keys(value)
  return keys.length === 0
    ? 'no keys'
    : keys
        .slice(0, 12)
        .map((key) => JSON.stringify(key))
        .join(', ')
}

const firstLine = (cause: unknown) =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n')[0].slice(0, 200)
