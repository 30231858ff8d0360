import type { ModelConfig } from '../config/index.js'
import {
  basename,
  FileError,
  join,
  openSafetensors,
  readJson,
  refuseForeignFile,
  sha256,
  sha256File,
  type SafetensorsFile,
} from '../files/index.js'
import { cut, type Block } from '../mesh/index.js'
import { manifestSchema, type Manifest } from './checkpoint.js'
import { openParts } from './parts/open.js'
import { PARTS_FORMAT, type PartsManifest } from './parts/manifest.js'
import { checkFinite, configOf, entryOf, isCorrupt, parseAs, REMEDY } from './problems.js'

/** An open checkpoint. Close it when done. */
export interface Checkpoint {
  readonly folder: string
  readonly manifest: Manifest | PartsManifest
  readonly config: ModelConfig
  has(name: string): boolean
  /** The f32 numbers of a variable. Throws FileError if it is absent or has another shape. */
  read(name: string, shape: readonly number[]): Promise<Float32Array>
  /**
   * A block of a variable, row-major. Of a checkpoint by parts only what has the block is read.
   * @param grid the variable's sizes as the block counts them: as `shape`, or with heads and features apart
   */
  readBlock(name: string, shape: readonly number[], grid: readonly number[], block: Block): Promise<Float32Array>
  /** Digest of what it holds. */
  identity(): string
  close(): Promise<void>
}

export interface OpenCheckpointOptions {
  /** Compare what is read with its checksums. @default true */
  readonly verify?: boolean
  /** Of a checkpoint by parts: fetch ahead, since all variables will be read in order. @default false */
  readonly prefetch?: boolean
}

/**
 * Opens a checkpoint folder and checks its manifest, and its shards' checksums; those of a checkpoint by parts are checked
 * as it is read. Throws FileError.
 */
export async function openCheckpoint(
  folder: string,
  { verify = true, prefetch = false }: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const path = join(folder, 'manifest.json')
  const json = await readJson(path)
  if ((json as { format?: unknown } | null)?.format === PARTS_FORMAT)
    return openParts(folder, json, { verify, prefetch })
  const manifest = parseManifest(json, path)
  const config = configOf(manifest, path)
  const files: SafetensorsFile[] = []
  const close = async () => void (await Promise.all(files.map((file) => file.close())))
  try {
    for (const shard of manifest.shards) {
      const file = join(folder, shard.file)
      await refuseForeignFile(file, 'safetensors')
      if (verify && (await sha256File(file)) !== shard.sha256) throw isCorrupt(file)
      files.push(await openSafetensors(file))
    }
  } catch (cause) {
    await close()
    throw cause
  }
  const read = async (name: string, shape: readonly number[]) => {
    const entry = entryOf(folder, manifest, name, shape)
    const stored = await files[entry.shard].read(name)
    if (stored.dtype !== 'F32' || stored.shape.join() !== entry.shape.join()) {
      const { file } = manifest.shards[entry.shard]
      throw new FileError(`${folder}: "${name}" in ${file} does not match manifest.json. ${REMEDY}`, folder)
    }
    const values = new Float32Array(stored.data.buffer, stored.data.byteOffset, stored.data.byteLength / 4)
    checkFinite(values, name, folder)
    return values
  }
  return {
    folder,
    manifest,
    config,
    close,
    has: (name) => Object.hasOwn(manifest.variables, name),
    read,
    readBlock: async (name, shape, grid, block) => cut(await read(name, shape), dimsOf(grid), block),
    identity: () => sha256(JSON.stringify(manifest.shards)),
  }
}

const dimsOf = (sizes: readonly number[]) => sizes.map((size) => ({ name: '', size }))

function parseManifest(json: unknown, path: string): Manifest {
  const manifest = parseAs(manifestSchema, json, path)
  const { shards, variables } = manifest
  const lost = Object.keys(variables).find((name) => shards[variables[name].shard] === undefined)
  if (lost !== undefined) throw new FileError(`${path} has no shard for the variable "${lost}". ${REMEDY}`, path)
  const outside = shards.find(({ file }) => file !== basename(file))
  if (outside)
    throw new FileError(`${path} names the shard "${outside.file}", which must be a file beside it. ${REMEDY}`, path)
  return manifest
}
