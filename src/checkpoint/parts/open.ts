/** Reading a checkpoint by parts: of each file the bytes that are needed, and the chunks around them for their checksums. */
import {
  basename,
  FileError,
  isFile,
  join,
  openFile,
  sha256,
  withFileErrors,
  type OpenFile,
} from '../../files/index.js'
import { cut, forEachRun, intersection, paste, wholeBlock, type Block } from '../../mesh/index.js'
import { productOf, type Dim } from '../../tensor/index.js'
import type { Checkpoint } from '../open.js'
import { checkFinite, configOf, entryOf, isCorrupt, parseAs, REMEDY } from '../problems.js'
import { CHUNK_BYTES, digestOf, incompleteVariable, partsManifestSchema, type PartsManifest } from './manifest.js'

type Variable = PartsManifest['variables'][string]
type Piece = Variable['pieces'][number]

export async function openParts(
  folder: string,
  json: unknown,
  { verify, prefetch }: { readonly verify: boolean; readonly prefetch: boolean },
): Promise<Checkpoint> {
  const path = join(folder, 'manifest.json')
  const manifest = checkManifest(parseAs(partsManifestSchema, json, path), path)
  const config = configOf(manifest, path)
  const files = new Map<number, Promise<OpenFile>>()
  for (const { file } of manifest.parts)
    if (!(await isFile(join(folder, file))))
      throw new FileError(`${join(folder, file)} must exist (it does not). ${REMEDY}`, join(folder, file))

  const fileOf = (part: number) => {
    const opening = files.get(part) ?? openPart(folder, manifest.parts[part], prefetch)
    files.set(part, opening)
    return opening
  }
  const readPiece = (piece: Piece, block: Block) =>
    readWithin(fileOf(piece.part), join(folder, manifest.parts[piece.part].file), piece, block, verify)

  /** A block of a variable, in its grid. */
  async function assemble({ pieces }: Variable, block: Block): Promise<Float32Array> {
    const shared = pieces.flatMap((piece) => {
      const common = intersection(piece, block)
      return common ? [{ piece, common }] : []
    })
    const [first] = shared
    if (shared.length === 1 && productOf(first.common.sizes) === productOf(block.sizes))
      return readPiece(first.piece, relativeTo(first.common, first.piece.starts))
    const made = new Float32Array(productOf(block.sizes))
    for (const { piece, common } of shared) {
      const values = await readPiece(piece, relativeTo(common, piece.starts))
      paste(made, dimsOf(block.sizes), relativeTo(common, block.starts), values)
    }
    return made
  }

  async function readBlock(name: string, shape: readonly number[], grid: readonly number[], block: Block) {
    const entry = entryOf(folder, manifest, name, shape)
    const values =
      entry.grid.join() === grid.join()
        ? await assemble(entry, block)
        : cut(await assemble(entry, wholeBlock(dimsOf(entry.grid))), dimsOf(grid), block)
    checkFinite(values, name, folder)
    return values
  }

  return {
    folder,
    manifest,
    config,
    has: (name) => Object.hasOwn(manifest.variables, name),
    read: (name, shape) => {
      const { grid } = entryOf(folder, manifest, name, shape)
      return readBlock(name, shape, grid, wholeBlock(dimsOf(grid)))
    },
    readBlock,
    identity: () => sha256(JSON.stringify([manifest.parts, manifest.variables])),
    async close() {
      for (const opening of files.values()) await opening.then((file) => file.close()).catch(() => {})
    },
  }
}

const dimsOf = (sizes: readonly number[]): Dim[] => sizes.map((size) => ({ name: '', size }))

const relativeTo = ({ starts, sizes }: Block, origin: readonly number[]): Block => ({
  sizes,
  starts: starts.map((start, i) => start - origin[i]),
})

function checkManifest(manifest: PartsManifest, path: string): PartsManifest {
  const { parts, variables } = manifest
  const outside = parts.find(({ file }) => file !== basename(file))
  if (outside)
    throw new FileError(`${path} names the part "${outside.file}", which must be a file beside it. ${REMEDY}`, path)
  const missing = incompleteVariable(variables)
  const pieces = Object.values(variables).flatMap((variable) => variable.pieces)
  const isWrong = ({ part, begin, sizes, sha256: sums }: Piece) => {
    const bytes = 4 * productOf(sizes)
    return !parts[part] || begin + bytes > parts[part].bytes || sums.length !== Math.ceil(bytes / CHUNK_BYTES)
  }
  if (missing || pieces.some(isWrong))
    throw new FileError(
      `${path} does not describe all of its variables${missing ? ` ("${missing.name}")` : ''}. ${REMEDY}`,
      path,
    )
  return manifest
}

async function openPart(
  folder: string,
  { file, bytes }: PartsManifest['parts'][number],
  prefetch: boolean,
): Promise<OpenFile> {
  const path = join(folder, file)
  const opened = await withFileErrors('open', path, () => openFile(path, { prefetch }))
  if (opened.size === bytes) return opened
  await opened.close()
  throw isCorrupt(path)
}

/**
 * A block of a piece, whose starts count from the piece's. Read is the span from its first number to its last, with `verify`
 * from the beginning of the chunk of the first to the end of that of the last.
 */
async function readWithin(
  opening: Promise<OpenFile>,
  path: string,
  { begin, sizes, sha256: sums }: Piece,
  block: Block,
  verify: boolean,
): Promise<Float32Array> {
  const dims = dimsOf(sizes)
  let first = Infinity
  let last = 0
  forEachRun(dims, block, (at, _, length) => {
    first = Math.min(first, 4 * at)
    last = Math.max(last, 4 * (at + length))
  })
  if (last === 0) return new Float32Array(0)
  const total = 4 * productOf(sizes)
  const from = verify ? first - (first % CHUNK_BYTES) : first
  const to = verify ? Math.min(total, Math.ceil(last / CHUNK_BYTES) * CHUNK_BYTES) : last
  const file = await opening
  const bytes = await withFileErrors('read', path, () => file.read(begin + from, to - from))
  if (bytes.length < to - from) throw isCorrupt(path)
  if (verify)
    for (let at = from; at < to; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at - from, Math.min(at + CHUNK_BYTES, to) - from)
      if (digestOf(chunk) !== sums[at / CHUNK_BYTES]) throw isCorrupt(path)
    }
  const span = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const count = productOf(block.sizes)
  if (count === span.length) return span
  const made = new Float32Array(count)
  forEachRun(dims, block, (at, part, length) => {
    const start = at - from / 4
    made.set(span.subarray(start, start + length), part)
  })
  return made
}
