/** A trained model from any source, to begin from or to sample: its config, and its variables one by one. */
import { findCheckpoint, openCheckpoint } from '../checkpoint/index.js'
import type { ModelConfig } from '../config/index.js'
import { FileError, isFile, isFolder, join, readFolder, readJson, sha256 } from '../files/index.js'
import { isTokenizer, tokenizerJson } from '../tokenizer/index.js'
import { tokenizerFor } from './checkpoint-tokenizer.js'
import { endOfTextOf } from './hugging-face/end-of-text.js'
import { openHuggingFace } from './hugging-face/open.js'
import { openTensorflowModel } from './tensorflow/import.js'
import type { VariableSource } from './variables.js'

/** An open model. Close it when done. */
export interface OpenModel {
  /** Its checkpoint, its Hugging Face folder, or the prefix of its TensorFlow files. */
  readonly folder: string
  readonly config: ModelConfig
  /** Training steps so far; 0 if its source does not say. */
  readonly step: number
  /** Path of the tokenizer beside it. */
  readonly tokenizer?: string
  /** sha256 of the tokenizer.json of its data, or of the one beside it, if known. */
  readonly tokenizerHash?: string
  /** For people: what was left out of it. */
  readonly notes: readonly string[]
  /** Shape of a variable in a checkpoint; undefined if the model has none of this name. */
  shapeOf(name: string): readonly number[] | undefined
  /** The f32 numbers of a variable, row-major. Throws FileError if it is absent or has another shape. */
  read(name: string, shape: readonly number[]): Promise<Float32Array>
  close(): Promise<void>
}

/**
 * Opens a run (its newest checkpoint), a checkpoint, an imported model, a Hugging Face GPT-Neo folder, or a TensorFlow
 * checkpoint of the original by its folder or prefix.
 * @param config of a TensorFlow checkpoint that has no config.json beside it
 * @throws FileError, ConfigError
 */
export async function openModel(path: string, { config }: { config?: ModelConfig } = {}): Promise<OpenModel> {
  if (await isHuggingFace(path)) return openFolder(path)
  if (await isTensorflow(path)) return openPrefix(path, config)
  const folder = await findCheckpoint(path)
  const checkpoint = await openCheckpoint(folder)
  const { manifest, read, close } = checkpoint
  try {
    const tokenizer = await tokenizerFor(path, folder)
    return {
      folder,
      config: checkpoint.config,
      step: manifest.step,
      tokenizer,
      tokenizerHash: manifest.tokenizer ?? (await hashOf(tokenizer)),
      notes: [],
      shapeOf: (name) => (Object.hasOwn(manifest.variables, name) ? manifest.variables[name].shape : undefined),
      read,
      close,
    }
  } catch (cause) {
    await close()
    throw cause
  }
}

/** Only a Hugging Face config.json has `model_type`. */
export async function isHuggingFace(path: string): Promise<boolean> {
  const file = join(path, 'config.json')
  if (!(await isFile(file)) || (await isFile(join(path, 'manifest.json')))) return false
  const json = await readJson(file).catch(() => null)
  return typeof json === 'object' && json !== null && 'model_type' in json
}

/** A prefix of PREFIX.index, one of its files, or a folder with one and nothing of ours. */
async function isTensorflow(path: string): Promise<boolean> {
  if (!(await isFolder(path))) return isFile(`${path.replace(/\.(index|meta|data-\d{5}-of-\d{5})$/, '')}.index`)
  const names = (await readFolder(path)).map(({ name }) => name)
  const ours = names.includes('manifest.json') || names.includes('checkpoints')
  return !ours && names.some((name) => name === 'checkpoint' || name.endsWith('.index'))
}

async function openFolder(folder: string): Promise<OpenModel> {
  const source = await openHuggingFace(folder)
  try {
    const eosId = await endOfTextOf(folder, source.config.n_vocab)
    const config = eosId === undefined ? source.config : { ...source.config, eos_id: eosId }
    const tokenizer = (await isTokenizer(folder)) ? folder : undefined
    const tokenizerHash = await hashOf(tokenizer)
    return { folder, config, step: 0, tokenizer, tokenizerHash, notes: source.notes, ...reader(source, folder) }
  } catch (cause) {
    await source.close()
    throw cause
  }
}

async function openPrefix(path: string, given?: ModelConfig): Promise<OpenModel> {
  const source = await openTensorflowModel(path, given)
  try {
    const { prefix: folder, config, step = 0, notes } = source
    const beside = join(folder, '..')
    const tokenizer = (await isTokenizer(beside)) ? beside : undefined
    return { folder, config, step, tokenizer, tokenizerHash: await hashOf(tokenizer), notes, ...reader(source, folder) }
  } catch (cause) {
    await source.close()
    throw cause
  }
}

/** Access by name to a source that lists its variables. */
function reader({ variables, close }: VariableSource, where: string): Pick<OpenModel, 'shapeOf' | 'read' | 'close'> {
  const byName = new Map(variables.map((variable) => [variable.name, variable]))
  return {
    close,
    shapeOf: (name) => byName.get(name)?.shape,
    async read(name, shape) {
      const found = byName.get(name)
      if (found === undefined) throw new FileError(`${where} has no variable "${name}"`, where)
      if (found.shape.join() !== shape.join())
        throw new FileError(
          `${where}: "${name}" must have shape [${shape.join(', ')}] (got [${found.shape.join(', ')}])`,
          where,
        )
      return found.data()
    },
  }
}

async function hashOf(tokenizer: string | undefined): Promise<string | undefined> {
  return tokenizer === undefined ? undefined : sha256(await tokenizerJson(tokenizer))
}
