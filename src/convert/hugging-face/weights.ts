/** The weights of a Hugging Face folder: model.safetensors, or the shards that model.safetensors.index.json lists. */
import { z } from 'zod'
import {
  basename,
  FileError,
  isFile,
  join,
  openSafetensors,
  readJson,
  type SafetensorsFile,
  type StoredTensor,
  type TensorEntry,
} from '../../files/index.js'
import { noWeights } from './folder.js'

export const singleFile = 'model.safetensors'
export const indexFile = 'model.safetensors.index.json'

/** Open weights. Close them when done. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, TensorEntry>
  read(name: string): Promise<StoredTensor>
  close(): Promise<void>
}

/** Opens a folder's weights. Throws FileError: none there, a shard missing or damaged, a tensor not where it should. */
export async function openWeights(folder: string): Promise<Weights> {
  const single = join(folder, singleFile)
  if (await isFile(single)) {
    const file = await openSafetensors(single)
    return { tensors: file.tensors, read: (name) => file.read(name), close: () => file.close() }
  }
  if (await isFile(join(folder, indexFile))) return openShards(folder)
  throw await noWeights(folder, `neither ${singleFile} nor ${indexFile}`)
}

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

/** Files that a model may be cut into: each is open while it is read. */
const mostShards = 1000

async function openShards(folder: string): Promise<Weights> {
  const path = join(folder, indexFile)
  const parsed = indexSchema.safeParse(await readJson(path))
  if (!parsed.success) throw new FileError(`${path} has no weight_map from tensors to files`, path)
  const { weight_map: map } = parsed.data
  const shards = new Set(Object.values(map)).size
  if (shards > mostShards) throw new FileError(`${path} must name at most ${mostShards} files (got ${shards})`, path)
  const files = new Map<string, SafetensorsFile>()
  const close = async () => {
    for (const file of files.values()) await file.close()
  }
  try {
    const tensors = new Map<string, TensorEntry>()
    for (const [name, file] of Object.entries(map)) {
      if (file !== basename(file))
        throw new FileError(`${path} puts "${name}" into ${file}, which is not in the same folder`, path)
      if (!files.has(file)) files.set(file, await openSafetensors(join(folder, file)))
      const entry = files.get(file)!.tensors.get(name)
      if (entry === undefined)
        throw new FileError(`${path} puts "${name}" into ${file}, which has no such tensor`, path)
      tensors.set(name, entry)
    }
    return { tensors, close, read: (name) => files.get(map[name])!.read(name) }
  } catch (cause) {
    await close()
    throw cause
  }
}
