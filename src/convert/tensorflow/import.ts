/** TensorFlow checkpoints of the original GPT-Neo, with or without optimizer slots, as checkpoints of ours. */
import { readModelConfig, type ModelConfig } from '../../config/index.js'
import { toFloats } from '../../engine/half.js'
import { dirname, FileError, isFile, join } from '../../files/index.js'
import type { SavedVariable } from '../../checkpoint/index.js'
import { matchVariables } from './match-variables.js'
import { openTensorflowCheckpoint, type TensorflowCheckpoint } from './checkpoint.js'
import {
  withProgress,
  streamed,
  sumOfElements,
  type ConvertOptions,
  type ConvertTotals,
  type VariableSource,
} from '../variables.js'
import { writeCheckpoint } from '../write-checkpoint.js'

/** How our engine names the float dtypes that GPT-Neo wrote: bfloat16 masters under `precision: "bfloat16"`. */
const floats: Readonly<Record<string, 'f32' | 'bf16' | 'f16'>> = { float32: 'f32', bfloat16: 'bf16', float16: 'f16' }

/** What a TensorFlow checkpoint holds of GPT-Neo. */
export interface TensorflowVariables extends VariableSource {
  readonly prefix: string
  /** Training steps done, if it says so. */
  readonly step: number | undefined
}

/** All float variables of a checkpoint, slots too; bfloat16 and float16 become f32, exactly. Throws FileError. */
export async function openTensorflowVariables(path: string): Promise<TensorflowVariables> {
  const checkpoint = await openTensorflowCheckpoint(path)
  try {
    const variables: SavedVariable[] = []
    for (const [name, { dtype, shape }] of checkpoint.tensors)
      if (dtype in floats) variables.push({ name, shape, data: () => floatsOf(checkpoint, name) })
    return { prefix: checkpoint.prefix, step: await stepOf(checkpoint), variables, close: checkpoint.close }
  } catch (cause) {
    await checkpoint.close()
    throw cause
  }
}

/** The same one after another: fetch each one's data before asking for the next. */
export function tensorflowVariables(path: string): AsyncGenerator<SavedVariable> {
  return streamed(openTensorflowVariables(path))
}

export interface ImportTensorflowOptions extends ConvertOptions {
  /** GPT-Neo's model config, or the path of one. @default config.json beside the checkpoint */
  config?: ModelConfig | string
  /** Path or name of the model's tokenizer, to be kept beside it. */
  tokenizer?: string
}

/**
 * Writes a GPT-Neo checkpoint that TensorFlow saved (by prefix, or folder) as a folder of ours: variables, optimizer
 * slots, step. Training resumes from it. Throws FileError, ConfigError, or the signal's reason; then nothing is left.
 */
export async function importTensorflow(
  path: string,
  output: string,
  options: ImportTensorflowOptions = {},
): Promise<ConvertTotals> {
  const source = await openTensorflowVariables(path)
  try {
    const { config, notes } = await configFor(source.prefix, options.config)
    const { parameters, slots } = matchVariables(source.variables, config, source.prefix)
    const all = [...parameters, ...slots]
    const step = source.step ?? 0
    const meta = { config, step, tokens: step * config.train_batch_size * config.n_ctx, tokenizer: options.tokenizer }
    await writeCheckpoint(output, withProgress(all, options), meta)
    return {
      output,
      tensors: all.length,
      parameters: sumOfElements(parameters),
      bytes: 4 * sumOfElements(all),
      notes: [
        ...notes,
        ...(slots.length > 0 ? [] : ['the checkpoint holds no optimizer slots: training would begin with empty ones']),
        ...(source.step === undefined ? ['the checkpoint holds no global_step: step 0 is taken'] : []),
      ],
    }
  } finally {
    await source.close()
  }
}

/** A checkpoint as a model: its variables without optimizer slots, its config, and what a person should know. */
export interface TensorflowModel extends TensorflowVariables {
  readonly config: ModelConfig
  readonly notes: readonly string[]
}

/**
 * Opens a checkpoint with the config.json beside it, or else `fallback`. Throws FileError, also if they do not match, and
 * ConfigError.
 */
export async function openTensorflowModel(path: string, fallback?: ModelConfig): Promise<TensorflowModel> {
  const source = await openTensorflowVariables(path)
  try {
    const beside = await isFile(join(dirname(source.prefix), 'config.json'))
    const { config, notes } = await configFor(source.prefix, beside ? undefined : fallback)
    const { parameters } = matchVariables(source.variables, config, source.prefix)
    return { ...source, config, notes, variables: parameters }
  } catch (cause) {
    await source.close()
    throw cause
  }
}

async function floatsOf(checkpoint: TensorflowCheckpoint, name: string): Promise<Float32Array> {
  const { dtype, data } = await checkpoint.read(name)
  return toFloats(data as Float32Array | Uint16Array, floats[dtype])
}

async function stepOf(checkpoint: TensorflowCheckpoint): Promise<number | undefined> {
  if (!checkpoint.tensors.has('global_step')) return undefined
  return Number((await checkpoint.read('global_step')).data[0])
}

async function configFor(
  prefix: string,
  given?: ModelConfig | string,
): Promise<{ config: ModelConfig; notes: string[] }> {
  if (typeof given === 'object') return { config: given, notes: [] }
  const path = given ?? join(dirname(prefix), 'config.json')
  if (given === undefined && !(await isFile(path)))
    throw new FileError(
      `TensorFlow checkpoints do not hold the model config, and there is no ${path}. ` +
        'Give the config that it was trained with',
      path,
      'ENOENT',
    )
  return readModelConfig(path)
}
