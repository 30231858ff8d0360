/** A trained model from any source, to begin from or to sample: its config, and its variables one by one. */
import { findCheckpoint, openCheckpoint, type Checkpoint } from '../checkpoint/index.js'
import type { ModelConfig } from '../config/index.js'
import { FileError, isFile, isFolder, join, readFolder, readJson, sha256, sha256File } from '../files/index.js'
import { isTokenizer, tokenizerJson } from '../tokenizer/index.js'
import { adapterOf, withAdapter } from './adapter.js'
import { tokenizerFor } from './checkpoint-tokenizer.js'
import { endOfTextOf } from './hugging-face/end-of-text.js'
import { openHuggingFace } from './hugging-face/open.js'
import { openTensorflowModel } from './tensorflow/import.js'
import { openAdapter } from './open-adapter.js'
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
  /** Digest of its files. */
  identity(): Promise<string>
  close(): Promise<void>
}

export interface OpenModelOptions {
  /** Config of a TensorFlow checkpoint that has no config.json beside it. */
  readonly config?: ModelConfig
  /**
   * The adapter to merge into the model: that of a run or a checkpoint that was trained with lora_rank, or a PEFT folder;
   * false for none. @default its own, of a checkpoint that holds adapters
   */
  readonly adapter?: string | false
}

/**
 * Opens a run (its newest checkpoint), a checkpoint, an imported model, a Hugging Face GPT-Neo folder, or a TensorFlow
 * checkpoint of the original by its folder or prefix. Adapters are merged into their base. Throws FileError, ConfigError.
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<OpenModel> {
  const { adapter } = options
  if (typeof adapter !== 'string') return openWhole(path, options)
  const model = await openWhole(path, { ...options, adapter: false })
  try {
    return withAdapter(model, await openAdapter(adapter))
  } catch (cause) {
    await model.close()
    throw cause
  }
}

async function openWhole(path: string, { config, adapter }: OpenModelOptions): Promise<OpenModel> {
  if (await isHuggingFace(path)) return openFolder(path)
  if (await isTensorflow(path)) return openPrefix(path, config)
  const folder = await findCheckpoint(path)
  const checkpoint = await openCheckpoint(folder, { prefetch: true })
  const { manifest, read, close } = checkpoint
  if (manifest.base !== undefined) return openBase(path, checkpoint, adapter !== false)
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
      identity: () => Promise.resolve(checkpoint.identity()),
      close,
    }
  } catch (cause) {
    await close()
    throw cause
  }
}

/** The base of a checkpoint that holds adapters, with them or without. */
async function openBase(path: string, checkpoint: Checkpoint, merge: boolean): Promise<OpenModel> {
  const { folder, manifest, config } = checkpoint
  try {
    const base = await openBaseOf(checkpoint)
    if (!merge) {
      await checkpoint.close()
      return base
    }
    const tokenizer = (await tokenizerFor(path, folder)) ?? base.tokenizer
    const { eos_id } = config
    return {
      ...withAdapter(base, adapterOf(checkpoint)),
      folder,
      config: { ...base.config, ...(eos_id !== undefined && { eos_id }) },
      step: manifest.step,
      tokenizer,
      tokenizerHash: manifest.tokenizer ?? base.tokenizerHash,
      notes: base.notes,
    }
  } catch (cause) {
    await checkpoint.close()
    throw cause
  }
}

/**
 * The model that a checkpoint's adapters are of: at its path, or at `moved`. Throws FileError if it is not there, or not
 * the same.
 */
export async function openBaseOf({ folder, manifest }: Checkpoint, moved?: string): Promise<OpenModel> {
  const { path, sha256: wanted } = manifest.base!
  const base = await openModel(moved ?? path).catch((cause: Error) => {
    throw new FileError(
      `${folder} holds adapters of ${moved ?? path}, which cannot be opened: ${cause.message}. Give that model ` +
        'with --from to train, or sample it with --adapter',
      folder,
    )
  })
  if ((await base.identity()) === wanted) return base
  await base.close()
  throw new FileError(
    `${moved ?? path} must be the model that the adapters of ${folder} were trained on (its files are others). Restore it`,
    folder,
  )
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
    const identity = async () => {
      const names = (await readFolder(folder)).map(({ name }) => name).filter((name) => name.endsWith('.safetensors'))
      const hashes = await Promise.all(names.sort().map((name) => sha256File(join(folder, name))))
      return sha256(hashes.join())
    }
    const { notes } = source
    return { folder, config, step: 0, tokenizer, tokenizerHash, notes, identity, ...reader(source, folder) }
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
    const identity = () => sha256File(`${folder}.index`) // which has a checksum of each tensor
    const tokenizerHash = await hashOf(tokenizer)
    return { folder, config, step, tokenizer, tokenizerHash, notes, identity, ...reader(source, folder) }
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
