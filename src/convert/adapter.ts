/** LoRA adapters on their own, and merged into a model's variables. */
import type { Checkpoint, SavedVariable } from '../checkpoint/index.js'
import { FileError, sha256 } from '../files/index.js'
import { adaptersOf, LORA_A, LORA_B } from '../model/index.js'
import type { OpenModel } from './open-model.js'

/** The two thin matrices beside a matrix: a [..., in, rank], b [..., rank, out]. */
export interface AdapterPair {
  readonly a: SavedVariable
  readonly b: SavedVariable
}

/** An open adapter. Close it when done. */
export interface OpenAdapter {
  readonly folder: string
  readonly rank: number
  /** Factor of the product of a pair. */
  readonly scale: number
  readonly dropout: number
  /** By the name of the matrix that they are added to. */
  readonly pairs: ReadonlyMap<string, AdapterPair>
  /** Digest of its files. */
  identity(): Promise<string>
  close(): Promise<void>
}

/** The adapter that a checkpoint holds, which is closed with it. */
export function adapterOf(checkpoint: Checkpoint): OpenAdapter {
  const { manifest, config, folder, read, close } = checkpoint
  const { scale = 1, dropout = 0 } = adaptersOf(config) ?? {}
  const pairs = new Map<string, AdapterPair>()
  for (const name of Object.keys(manifest.variables)) {
    if (!name.endsWith(`/${LORA_A}`)) continue
    const matrix = name.slice(0, -LORA_A.length - 1)
    const variable = (each: string): SavedVariable => {
      const { shape } = manifest.variables[each]
      return { name: each, shape, data: () => read(each, shape) }
    }
    pairs.set(matrix, { a: variable(name), b: variable(`${matrix}/${LORA_B}`) })
  }
  const identity = () => Promise.resolve(checkpoint.identity())
  return { folder, rank: config.lora_rank, scale, dropout, pairs, identity, close }
}

/** A model with an adapter merged into its variables. Closing it closes both. */
export function withAdapter(model: OpenModel, adapter: OpenAdapter): OpenModel {
  const { folder, pairs } = adapter
  for (const [matrix, { a, b }] of pairs) {
    const shape = model.shapeOf(matrix)
    const made = [...a.shape.slice(0, -1), b.shape.at(-1)!]
    if (shape === undefined || shape.join() !== made.join())
      throw new FileError(
        `${folder} must be an adapter of ${model.folder} (got one whose "${matrix}" is [${made.join(', ')}], not ` +
          `[${shape?.join(', ') ?? 'none'}]). Give the model that it was trained on`,
        folder,
      )
  }
  return {
    ...model,
    notes: [...model.notes, `the adapter of ${folder} is merged`],
    async read(name, shape) {
      const pair = pairs.get(name)
      if (pair === undefined) return model.read(name, shape)
      const [data, a, b] = await Promise.all([model.read(name, shape), pair.a.data(), pair.b.data()])
      return merged(data, a, b, shape, adapter.rank, adapter.scale)
    },
    identity: async () => sha256(`${await model.identity()} ${await adapter.identity()}`),
    close: async () => void (await Promise.all([model.close(), adapter.close()])),
  }
}

/** data [..., in, out] + scale a [..., in, rank] b [..., rank, out]. */
function merged(
  data: Float32Array,
  a: Float32Array,
  b: Float32Array,
  shape: readonly number[],
  rank: number,
  scale: number,
): Float32Array {
  const [rows, columns] = shape.slice(-2)
  const result = new Float32Array(data.length)
  const line = new Float64Array(columns)
  for (let row = 0; row < data.length / columns; row++) {
    const matrix = Math.floor(row / rows)
    line.fill(0)
    for (let k = 0; k < rank; k++) {
      const factor = a[row * rank + k]
      const from = (matrix * rank + k) * columns
      for (let column = 0; column < columns; column++) line[column] += factor * b[from + column]
    }
    const at = row * columns
    for (let column = 0; column < columns; column++) result[at + column] = data[at + column] + scale * line[column]
  }
  return result
}
