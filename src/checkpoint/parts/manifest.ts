/**
 * A checkpoint by parts: each process of a run writes the blocks of arrays that it holds as a safetensors file and states
 * them in a part manifest; the first process merges these into manifest.json when all are there.
 */
import { z } from 'zod'
import { sha256 } from '../../files/index.js'
import { productOf } from '../../tensor/index.js'
import { aboutFields } from '../about.js'

export const PARTS_FORMAT = 'neomesh checkpoint 2'

/** Bytes that have a checksum together: a reader of rows reads no more than this beyond them. */
export const CHUNK_BYTES = 1 << 20

const sizes = z.array(z.number().int().min(0))

/** A block of a variable in a part's file. */
const pieceSchema = z.strictObject({
  /** Offset of its bytes in the file: f32, row-major. */
  begin: z.number().int().min(0),
  /** Its first index and its size along each dim of the variable's grid. */
  starts: sizes,
  sizes,
  /** Of each CHUNK_BYTES of it: see `digestOf`. */
  sha256: z.array(z.string()),
})
export type PieceEntry = z.infer<typeof pieceSchema>

/** `grid`: the variable's sizes as its pieces count them, which have heads and features apart. */
const variableFields = { shape: sizes, grid: sizes }

/** What one process wrote. */
export const partSchema = z.strictObject({
  format: z.literal('neomesh checkpoint part 1'),
  /** Id of the attempt to save: parts of another one do not belong to it. */
  attempt: z.string(),
  process: z.number().int().min(0),
  processes: z.number().int().min(1),
  step: z.number().int().min(0),
  file: z.string(),
  bytes: z.number().int(),
  variables: z.record(z.string(), z.strictObject({ ...variableFields, pieces: z.array(pieceSchema) })),
})
export type PartManifest = z.infer<typeof partSchema>

/** The manifest of the checkpoint, written last. */
export const partsManifestSchema = z.strictObject({
  ...aboutFields,
  format: z.literal(PARTS_FORMAT),
  attempt: z.string(),
  parts: z.array(z.strictObject({ file: z.string(), bytes: z.number().int() })).min(1),
  variables: z.record(
    z.string(),
    z.strictObject({
      ...variableFields,
      pieces: z.array(z.strictObject({ ...pieceSchema.shape, part: z.number().int().min(0) })),
    }),
  ),
})
export type PartsManifest = z.infer<typeof partsManifestSchema>

/** Checksum of a chunk: the first 64 bits of its SHA-256. */
export const digestOf = (chunk: Uint8Array): string => sha256(chunk).slice(0, 16)

export const partFile = (process: number) => `part-${String(process).padStart(5, '0')}.safetensors`
export const partManifestFile = (process: number) => `part-${String(process).padStart(5, '0')}.json`

/** The first variable that some pieces do not make whole; undefined if there is none. Pieces do not overlap. */
export function incompleteVariable(
  variables: PartsManifest['variables'],
): { readonly name: string; readonly found: number; readonly wanted: number } | undefined {
  for (const [name, { shape, grid, pieces }] of Object.entries(variables)) {
    const wanted = productOf(shape)
    const seen = new Map(pieces.map((piece) => [piece.starts.join(), productOf(piece.sizes)]))
    const found = [...seen.values()].reduce((sum, each) => sum + each, 0)
    if (found !== wanted || productOf(grid) !== wanted) return { name, found, wanted }
  }
  return undefined
}
