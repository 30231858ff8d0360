import { z } from 'zod'
import { ConfigError, parseModelConfig, type ModelConfig } from '../config/index.js'
import {
  basename,
  FileError,
  hubHint,
  isCloudPath,
  isFile,
  join,
  openSafetensors,
  readFolder,
  readJson,
  refuseForeignFile,
  remove,
  sha256File,
  withFileErrors,
  writeFileAtomic,
  writeFolderAtomic,
  writeSafetensors,
  type SafetensorsFile,
} from '../files/index.js'
import { productOf } from '../tensor/index.js'

/**
 * A checkpoint is a folder: safetensors shards with GPT-Neo's variable names (f32, one variable per layer), and
 * manifest.json, which is written last and lists what the folder holds. Folders appear whole or not at all.
 */
const manifestSchema = z.strictObject({
  format: z.literal('neomesh checkpoint 1'),
  /** Training steps done. */
  step: z.number().int().min(0),
  /** Tokens trained on. */
  tokens: z.number().int().min(0),
  config: z.record(z.string(), z.unknown()),
  shards: z.array(z.strictObject({ file: z.string(), bytes: z.number(), sha256: z.string() })).min(1),
  /** Name, shape and shard of each variable and slot. */
  variables: z.record(z.string(), z.strictObject({ shape: z.array(z.number()), shard: z.number().int() })),
  /** sha256 of the tokenizer.json that the data was made with, if known. */
  tokenizer: z.string().optional(),
  /** Identity of the training data (src/data/read/identity.ts), if known. */
  data: z.string().optional(),
  /** Samples read of that data, where that is not step * train_batch_size: settings changed. */
  position: z.number().int().min(0).optional(),
  /** Where only adapters are saved: the model that they are of, by its path, and a digest of its files. */
  base: z.strictObject({ path: z.string(), sha256: z.string() }).optional(),
  /** Step at which the optimizer's state began, where that is not 0. */
  optimizer_start: z.number().int().min(0).optional(),
})
export type Manifest = z.infer<typeof manifestSchema>

/** A variable to save; its data is fetched when it is written. */
export interface SavedVariable {
  readonly name: string
  readonly shape: readonly number[]
  data(): Promise<Float32Array>
}

/** Largest shard, in bytes. */
const SHARD_BYTES = 2 ** 30

/** What a manifest states beside the variables. */
export type CheckpointAbout = Omit<Manifest, 'format' | 'shards' | 'variables' | 'config'> & {
  readonly config: ModelConfig
}

export interface SaveOptions {
  /** Called when all is written, before the folder gets its name; by throwing it prevents that. */
  readonly beforeCommit?: () => Promise<void>
}

/** Writes a checkpoint folder atomically and returns its manifest. Throws FileError, leaving nothing half-written. */
export async function saveCheckpoint(
  folder: string,
  variables: readonly SavedVariable[],
  about: CheckpointAbout,
  { beforeCommit }: SaveOptions = {},
): Promise<Manifest> {
  const mayReplace = (name: string) => name === 'manifest.json' || name.endsWith('.safetensors')
  return writeFolderAtomic(folder, { overwrite: true, mayReplace }, async (workPath) => {
    const shards: Manifest['shards'] = []
    const listed: Manifest['variables'] = {}
    for (const [index, group] of groups(variables).entries()) {
      const file = `model-${String(index).padStart(5, '0')}.safetensors`
      const path = join(workPath, file)
      const { bytes, sha256 } = await writeSafetensors(
        path,
        group.map(({ name, shape, data }) => ({
          name,
          shape,
          dtype: 'F32' as const,
          data: async () => bytesOf(await data()),
        })),
      )
      shards.push({ file, bytes, sha256 })
      for (const { name, shape } of group) listed[name] = { shape: [...shape], shard: index }
    }
    const { step, tokens, config, ...optional } = about
    const manifest: Manifest = {
      format: 'neomesh checkpoint 1',
      step,
      tokens,
      config,
      shards,
      variables: listed,
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    }
    await writeFileAtomic(join(workPath, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`)
    await beforeCommit?.()
    return manifest
  })
}

/** An open checkpoint. Close it when done. */
export interface Checkpoint {
  readonly folder: string
  readonly manifest: Manifest
  readonly config: ModelConfig
  has(name: string): boolean
  /** The f32 numbers of a variable. Throws FileError if it is absent or has another shape. */
  read(name: string, shape: readonly number[]): Promise<Float32Array>
  close(): Promise<void>
}

/** Opens a checkpoint folder and checks its manifest and its shards' checksums. Throws FileError. */
export async function openCheckpoint(
  folder: string,
  { verify = true }: { verify?: boolean } = {},
): Promise<Checkpoint> {
  const path = join(folder, 'manifest.json')
  const manifest = parseManifest(await readJson(path), path)
  const config = configOf(manifest, path)
  const files: SafetensorsFile[] = []
  const close = async () => void (await Promise.all(files.map((file) => file.close())))
  try {
    for (const shard of manifest.shards) {
      const file = join(folder, shard.file)
      await refuseForeignFile(file, 'safetensors')
      if (verify && (await sha256File(file)) !== shard.sha256)
        throw new FileError(`${file} is corrupt: it differs from what was saved. ${REMEDY}`, file)
      files.push(await openSafetensors(file))
    }
  } catch (cause) {
    await close()
    throw cause
  }
  return {
    folder,
    manifest,
    config,
    close,
    has: (name) => Object.hasOwn(manifest.variables, name),
    async read(name, shape) {
      const entry = Object.hasOwn(manifest.variables, name) ? manifest.variables[name] : undefined
      if (!entry && manifest.base)
        throw wrongModel(folder, `it has adapters of ${manifest.base.path} alone, and no variable "${name}"`)
      if (!entry) throw wrongModel(folder, `it has no variable "${name}"`)
      if (entry.shape.join() !== shape.join())
        throw wrongModel(folder, `"${name}" is [${entry.shape.join(', ')}], not [${shape.join(', ')}]`)
      const stored = await files[entry.shard].read(name)
      if (stored.dtype !== 'F32' || stored.shape.join() !== entry.shape.join()) {
        const { file } = manifest.shards[entry.shard]
        throw new FileError(`${folder}: "${name}" in ${file} does not match manifest.json. ${REMEDY}`, folder)
      }
      const values = new Float32Array(stored.data.buffer, stored.data.byteOffset, stored.data.byteLength / 4)
      checkFinite(values, name, folder)
      return values
    },
  }
}

const REMEDY = 'Use a copy, or an earlier checkpoint (a run resumes from the previous one if this folder is removed)'

function parseManifest(json: unknown, path: string): Manifest {
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success) {
    const [{ path: at, message }] = parsed.error.issues
    const what = message.replace(/^Invalid input: /, '').replace(/, received undefined$/, ', got nothing')
    throw new FileError(`${path} is not a checkpoint's manifest: ${at.join('.') || 'it'}: ${what}. ${REMEDY}`, path)
  }
  const { shards, variables } = parsed.data
  const lost = Object.keys(variables).find((name) => shards[variables[name].shard] === undefined)
  if (lost !== undefined) throw new FileError(`${path} has no shard for the variable "${lost}". ${REMEDY}`, path)
  const outside = shards.find(({ file }) => file !== basename(file))
  if (outside)
    throw new FileError(`${path} names the shard "${outside.file}", which must be a file beside it. ${REMEDY}`, path)
  return parsed.data
}

function configOf({ config }: Manifest, path: string): ModelConfig {
  try {
    return parseModelConfig(config, `${path} "config"`).config
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new FileError(
      `${cause.message}. The checkpoint was written by another version of neomesh, or is damaged`,
      path,
    )
  }
}

function wrongModel(folder: string, what: string): FileError {
  return new FileError(
    `${folder} does not match this model or optimizer: ${what}. Use the config it was saved with`,
    folder,
  )
}

/** NaN and infinity would silently contaminate every later step. */
function checkFinite(values: Float32Array, name: string, folder: string): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue
    const what = `"${name}" holds ${values[i]} (element ${i}): training had diverged`
    throw new FileError(`${folder}: ${what}. ${REMEDY}`, folder)
  }
}

/** Folder of the checkpoint of a step within a run. */
export function checkpointFolder(run: string, step: number): string {
  return join(run, 'checkpoints', `step-${String(step).padStart(8, '0')}`)
}

/** Steps of a run's checkpoints, in order; none for a new run. */
export async function checkpointSteps(run: string): Promise<number[]> {
  const folder = join(run, 'checkpoints')
  const entries = await withFileErrors('open the run', run, () =>
    readFolder(folder).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return []
      throw cause
    }),
  )
  const steps = entries.flatMap(({ name }) => /^step-(\d+)$/.exec(name)?.[1] ?? []).map(Number)
  const complete = await Promise.all(steps.map((step) => isComplete(checkpointFolder(run, step))))
  return steps.filter((_, i) => complete[i]).sort((a, b) => a - b)
}

/** Cloud objects cannot be renamed together: a folder in a bucket is complete once its manifest, written last, exists. */
async function isComplete(folder: string): Promise<boolean> {
  return !isCloudPath(folder) || isFile(join(folder, 'manifest.json'))
}

/** Removes the checkpoints of a run but those of the steps that `keep` selects of all. */
export async function pruneCheckpoints(
  run: string,
  keep: (steps: readonly number[]) => readonly number[],
): Promise<void> {
  const steps = await checkpointSteps(run)
  const kept = keep(steps)
  for (const step of steps.filter((each) => !kept.includes(each))) {
    const folder = checkpointFolder(run, step)
    await withFileErrors('remove', folder, () => remove(folder))
  }
}

/** The newest checkpoint of a run, or `path` itself if it is a checkpoint. Throws FileError. */
export async function findCheckpoint(path: string): Promise<string> {
  const entries = await withFileErrors('open the run', path, () => readFolder(path)).catch((cause: FileError) => {
    const hint = cause instanceof FileError && cause.code === 'ENOENT' ? hubHint(path) : ''
    throw hint === '' ? cause : new FileError(cause.message + hint, path, 'ENOENT', { cause })
  })
  if (entries.some(({ name }) => name === 'manifest.json')) return path
  const steps = await checkpointSteps(path)
  if (steps.length === 0) {
    throw new FileError(
      `${path} holds no checkpoint: neither manifest.json nor checkpoints/step-*. Train first, ` +
        'or use another folder',
      path,
    )
  }
  return checkpointFolder(path, steps[steps.length - 1])
}

/** Variables in order, cut where a shard is full. */
function groups(variables: readonly SavedVariable[]): SavedVariable[][] {
  const all: SavedVariable[][] = []
  let group: SavedVariable[] = []
  let bytes = 0
  for (const variable of variables) {
    const size = 4 * productOf(variable.shape)
    if (group.length > 0 && bytes + size > SHARD_BYTES) {
      all.push(group)
      group = []
      bytes = 0
    }
    group.push(variable)
    bytes += size
  }
  all.push(group)
  return all
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
