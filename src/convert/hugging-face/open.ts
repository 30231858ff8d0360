/** Hugging Face's GPT-Neo folders under GPT-Neo's names and in its layout, tensor by tensor. */
import { ConfigError, type ModelConfig } from '../../config/index.js'
import { toFloats } from '../../engine/half.js'
import { FileError, join, readJson, type StoredTensor, type TensorEntry } from '../../files/index.js'
import type { SavedVariable } from '../../checkpoint/index.js'
import { configFromHuggingFace } from './read-config.js'
import { causalMask, counterparts, outputTable, type Counterpart } from './names.js'
import { bareNames } from './prefixes.js'
import { adapterError, checkFolder } from './folder.js'
import { openWeights, type Weights } from './weights.js'
import { transpose } from './transpose.js'
import { streamed, type VariableSource } from '../variables.js'

/** An open folder. Close it when done. */
export interface HuggingFaceFolder extends VariableSource {
  readonly config: ModelConfig
  /** What was left out, for people. */
  readonly notes: readonly string[]
}

/**
 * Opens a folder that transformers saved from GPTNeoForCausalLM or GPTNeoModel: config.json, and safetensors in f32,
 * bf16 or f16. Checks the config, and the name and shape of every tensor. Throws ConfigError, FileError.
 */
export async function openHuggingFace(folder: string): Promise<HuggingFaceFolder> {
  await checkFolder(folder)
  const path = join(folder, 'config.json')
  const json = await readJson(path)
  const config = configFromHuggingFace(json, path)
  const weights = await openWeights(folder)
  try {
    const { stored, notes } = bareNames(weights.tensors.keys(), folder)
    const untied = isUntied(json)
    if (untied && !stored.has(outputTable))
      throw new ConfigError(`${path}: tie_word_embeddings: false is not possible: the folder has no ${outputTable}`)
    // safetensors' save_model keeps one name of tensors that share memory, and that may be either.
    const tableName = stored.has(table) || untied ? table : outputTable
    if (tableName === outputTable && stored.has(outputTable)) {
      stored.set(table, stored.get(outputTable)!)
      stored.delete(outputTable)
      notes.push(`${table} is not there; ${outputTable}, which is the same table in GPT-Neo, is read as it`)
    }
    const list = counterparts(config)
    checkNames(folder, weights, list, stored)
    const [rows] = weights.tensors.get(stored.get(table)!)!.shape
    if (rows > config.n_vocab)
      notes.push(`${table} has ${rows} rows; those beyond vocab_size ${config.n_vocab} are left out`)
    return {
      config,
      notes,
      variables: list.map((part): SavedVariable => ({
        name: part.name,
        shape: part.shape,
        data: () =>
          part.theirs === table ? readTable(folder, weights, stored, part) : readPart(weights, stored, part),
      })),
      close: () => weights.close(),
    }
  } catch (cause) {
    await weights.close()
    throw cause
  }
}

const table = 'wte.weight'

/** The same variables one after another: fetch each one's data before asking for the next. */
export function huggingFaceVariables(folder: string): AsyncGenerator<SavedVariable> {
  return streamed(openHuggingFace(folder))
}

/** Every tensor that is needed must be there in its shape, and every other one must be known to be of no use. */
function checkNames(
  folder: string,
  { tensors }: Weights,
  list: readonly Counterpart[],
  stored: ReadonlyMap<string, string>,
): void {
  const adapter = [...stored.keys()].find((name) => /(^|\.)lora_[AB]\b/.test(name))
  if (adapter !== undefined) throw adapterError(folder, `tensor "${stored.get(adapter)}"`)
  const prefix = (stored.get(table) ?? '').replace(/[^.]+\.weight$/, '')
  for (const { theirs, shape, transposed } of list) {
    const entry = tensors.get(stored.get(theirs) ?? '')
    if (entry === undefined)
      throw new FileError(`${folder} has no tensor "${prefix}${theirs}", which its config.json asks for`, folder)
    checkShape(folder, entry, transposed ? [...shape].reverse() : shape, theirs === table)
    if (!(entry.dtype in floats))
      throw new FileError(
        `${folder}: "${entry.name}" has dtype ${entry.dtype}; ${Object.keys(floats).join(', ')} can be read`,
        folder,
      )
  }
  const known = new Set(list.map(({ theirs }) => theirs))
  for (const [bare, name] of stored) {
    if (!known.has(bare) && bare !== outputTable && !causalMask.test(bare))
      throw new FileError(
        `${folder} has a tensor "${name}", which GPT-Neo has no place for. Is it another kind of model?`,
        folder,
      )
  }
}

function checkShape(folder: string, { name, shape }: TensorEntry, wanted: readonly number[], moreRows: boolean): void {
  const rows = moreRows && shape.length === 2 && shape[0] >= wanted[0] ? shape[0] : wanted[0]
  if (shape.join() !== [rows, ...wanted.slice(1)].join())
    throw new FileError(
      `${folder}: "${name}" has shape [${shape.join(', ')}], its config.json asks for [${wanted.join(', ')}]`,
      folder,
    )
}

function isUntied(json: unknown): boolean {
  return (json as Record<string, unknown>).tie_word_embeddings === false
}

const floats: Readonly<Record<string, 'f32' | 'bf16' | 'f16'>> = { F32: 'f32', BF16: 'bf16', F16: 'f16' }

async function readPart(
  weights: Weights,
  stored: ReadonlyMap<string, string>,
  { theirs, shape, transposed }: Counterpart,
): Promise<Float32Array> {
  const data = floatsOf(await weights.read(stored.get(theirs)!))
  return transposed ? transpose(data, shape[1], shape[0]) : data
}

/** The embedding table. GPT-Neo uses it as output layer too, so that Hugging Face's own must have the same numbers. */
async function readTable(
  folder: string,
  weights: Weights,
  stored: ReadonlyMap<string, string>,
  { shape }: Counterpart,
): Promise<Float32Array> {
  const [name, outputName] = [stored.get(table)!, stored.get(outputTable)]
  const read = await weights.read(name)
  if (outputName !== undefined) {
    const output = await weights.read(outputName)
    if (output.dtype !== read.dtype || Buffer.compare(output.data, read.data) !== 0)
      throw new FileError(
        `${folder}: ${outputName} differs from ${name}. GPT-Neo has one table for both (tie_word_embeddings)`,
        folder,
      )
  }
  return floatsOf(read).subarray(0, shape[0] * shape[1])
}

/** The numbers of a stored tensor as f32. */
export function floatsOf({ dtype, data }: StoredTensor): Float32Array {
  const array = dtype === 'F32' ? Float32Array : Uint16Array
  return toFloats(
    new array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength / array.BYTES_PER_ELEMENT),
    floats[dtype],
  )
}
