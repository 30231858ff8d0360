/** Writes GPT-Neo variables as a folder that transformers loads with from_pretrained. */
import type { ModelConfig } from '../../config/index.js'
import {
  join,
  parseJson,
  tensorBytes,
  writeFileAtomic,
  writeFolderAtomic,
  writeSafetensors,
  type WritableTensor,
} from '../../files/index.js'
import { productOf } from '../../tensor/index.js'
import { END_OF_TEXT, notesOfTokenizer, tokenizerJson } from '../../tokenizer/index.js'
import { configToHuggingFace } from './write-config.js'
import { extraTokens } from '../extra-tokens.js'
import { counterparts, prefix } from './names.js'
import { indexFile, singleFile } from './weights.js'
import { refused } from './terms.js'
import { transpose } from './transpose.js'
import { withProgress, type ConvertOptions, type ConvertTotals } from '../variables.js'

/** Gives the f32 numbers of a variable of this name and shape, row-major, when its turn comes. */
export type ReadVariable = (name: string, shape: readonly number[]) => Promise<Float32Array>

export interface ExportHuggingFaceOptions extends ConvertOptions {
  /** Path or name of the tokenizer to put beside it. */
  tokenizer?: string
  /** Largest file of weights, in bytes; a model beyond it is cut into shards. @default 5e9 */
  maxShardBytes?: number
  /** Rows of the vocabulary to keep, where n_vocab was rounded up for training. @default n_vocab */
  vocabSize?: number
}

/**
 * Writes config.json, the weights (f32, in one file or in shards) and tokenizer.json to the folder `output`, which
 * appears whole or not at all. One tensor is in memory at a time, and its transpose. Throws ConfigError for a model
 * that Hugging Face's GPT-Neo cannot express, FileError, or the signal's reason.
 */
export async function exportHuggingFace(
  read: ReadVariable,
  config: ModelConfig,
  output: string,
  options: ExportHuggingFaceOptions = {},
): Promise<ConvertTotals> {
  const { tokenizer, vocabSize = config.n_vocab, maxShardBytes = 5e9 } = options
  // What cannot be expressed is refused before anything is written.
  configToHuggingFace(config, { vocabSize, eosId: null })
  return writeFolderAtomic(output, { mayReplace: () => false }, async (folder) => {
    const json = tokenizer === undefined ? undefined : await tokenizerJson(tokenizer)
    const notes = json
      ? [...(await notesOfTokenizer(tokenizer!)), ...checkRows(json, tokenizer!, config.n_vocab, vocabSize)]
      : ['no tokenizer was given: transformers needs a tokenizer.json in the folder to encode text']
    const eos = json ? endOfTextOf(json, tokenizer!, config.eos_id) : null
    const eosId = eos?.id ?? (json ? null : (config.eos_id ?? null))
    const tensors = withProgress(tensorsOf(read, config, vocabSize), options)
    const bytes = await writeWeights(folder, tensors, maxShardBytes)
    if (json) await writeTokenizer(folder, json, config, eos?.token)
    await writeJson(join(folder, 'config.json'), configToHuggingFace(config, { vocabSize, eosId }))
    options.signal?.throwIfAborted()
    return {
      output,
      bytes,
      tensors: tensors.length,
      parameters: bytes / 4,
      notes,
    }
  })
}

interface ExportedTensor {
  readonly name: string
  readonly shape: readonly number[]
  data(): Promise<Float32Array>
}

function tensorsOf(read: ReadVariable, config: ModelConfig, vocabSize: number): ExportedTensor[] {
  return counterparts(config).map(({ name, theirs, shape, transposed }) => {
    const rows = name === 'gpt2/wte' ? vocabSize : shape[0]
    const kept = [rows, ...shape.slice(1)]
    return {
      name: prefix + theirs,
      shape: transposed ? [...shape].reverse() : kept,
      async data() {
        const data = await read(name, shape)
        return transposed ? transpose(data, shape[0], shape[1]) : data.subarray(0, productOf(kept))
      },
    }
  })
}

/** Returns the bytes of all tensors together. */
async function writeWeights(
  folder: string,
  tensors: readonly ExportedTensor[],
  maxShardBytes: number,
): Promise<number> {
  const groups = shardsOf(tensors, maxShardBytes)
  const five = (number: number) => String(number).padStart(5, '0')
  const names = groups.map((_, i) =>
    groups.length === 1 ? singleFile : `model-${five(i + 1)}-of-${five(groups.length)}.safetensors`,
  )
  for (const [i, group] of groups.entries()) {
    const writable = group.map(({ name, shape, data }): WritableTensor => ({
      name,
      shape,
      dtype: 'F32',
      async data() {
        const floats = await data()
        return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)
      },
    }))
    // transformers refuses files that do not say which framework's layout they have.
    await writeSafetensors(join(folder, names[i]), writable, { metadata: { format: 'pt' } })
  }
  const bytes = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0)
  if (groups.length > 1) {
    const map = groups.flatMap((group, i) => group.map(({ name }) => [name, names[i]]))
    await writeJson(join(folder, indexFile), { metadata: { total_size: bytes }, weight_map: Object.fromEntries(map) })
  }
  return bytes
}

/** Tensors in order, cut where a file would grow beyond the limit. */
function shardsOf(tensors: readonly ExportedTensor[], maxShardBytes: number): ExportedTensor[][] {
  const shards: ExportedTensor[][] = []
  let size = Infinity
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor)
    if (size + bytes > maxShardBytes) {
      shards.push([])
      size = 0
    }
    shards[shards.length - 1].push(tensor)
    size += bytes
  }
  return shards
}

function bytesOf({ shape }: ExportedTensor): number {
  return tensorBytes('F32', shape)
}

/** Throws ConfigError if rows that the tokenizer has tokens for would be left out; a note if the model lacks some itself. */
function checkRows(json: Buffer, path: string, rows: number, vocabSize: number): string[] {
  const { model, added_tokens: added = [] } = parseJson(json.toString('utf8'), path) as {
    model?: { vocab?: Record<string, number> }
    added_tokens?: { id: number }[]
  }
  const ids = [...Object.values(model?.vocab ?? {}), ...added.map(({ id }) => id)]
  const tokens = ids.reduce((most, id) => Math.max(most, id + 1), 0)
  if (tokens > vocabSize && vocabSize < rows)
    throw refused('export to Hugging Face', [
      `vocabSize: ${vocabSize} is too few: ${path} has ${tokens} tokens, and each needs its row`,
    ])
  const extra = extraTokens(path, tokens, rows)
  return extra === undefined ? [] : [extra]
}

/**
 * The token that ends a text: that with the config's eos_id, or with the usual name; null if the tokenizer has neither.
 * transformers would add one that it lacks, with an id for which the model has no row.
 */
function endOfTextOf(json: Buffer, path: string, eosId?: number): { id: number; token: string } | null {
  const { model, added_tokens: added = [] } = parseJson(json.toString('utf8'), path) as {
    model?: { vocab?: Record<string, number> }
    added_tokens?: { id: number; content: string }[]
  }
  const tokens = [...added, ...Object.entries(model?.vocab ?? {}).map(([content, id]) => ({ content, id }))]
  const found = tokens.find(({ id }) => id === eosId) ?? tokens.find(({ content }) => content === END_OF_TEXT)
  return found ? { id: found.id, token: found.content } : null
}

/** Without tokenizer_config.json transformers takes GPT-2's class, whose special token the vocabulary may not have. */
async function writeTokenizer(folder: string, json: Buffer, { n_ctx }: ModelConfig, end?: string): Promise<void> {
  const special = end === undefined ? {} : { bos_token: end, eos_token: end, unk_token: end }
  await writeFileAtomic(join(folder, 'tokenizer.json'), json)
  await writeJson(join(folder, 'tokenizer_config.json'), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: n_ctx,
    ...special,
  })
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`)
}
