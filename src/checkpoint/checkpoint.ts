import { z } from 'zod'
import {
  FileError,
  hubHint,
  isCloudPath,
  isFile,
  join,
  readFolder,
  remove,
  withFileErrors,
  writeFileAtomic,
  writeFolderAtomic,
  writeSafetensors,
} from '../files/index.js'
import { productOf } from '../tensor/index.js'
import { aboutFields, defined, type CheckpointAbout } from './about.js'

/**
 * A checkpoint is a folder: safetensors shards with GPT-Neo's variable names (f32, one variable per layer), and
 * manifest.json, which is written last and lists what the folder holds. Folders appear whole or not at all.
 */
export const manifestSchema = z.strictObject({
  ...aboutFields,
  format: z.literal('neomesh checkpoint 1'),
  shards: z.array(z.strictObject({ file: z.string(), bytes: z.number(), sha256: z.string() })).min(1),
  /** Name, shape and shard of each variable and slot. */
  variables: z.record(z.string(), z.strictObject({ shape: z.array(z.number()), shard: z.number().int() })),
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
      ...defined(optional),
    }
    await writeFileAtomic(join(workPath, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`)
    await beforeCommit?.()
    return manifest
  })
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
