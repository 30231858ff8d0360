/** Saving by parts: what each process writes, and how the first one commits. */
import { nextTurn, sleep } from '../../runtime/index.js'
import {
  FileError,
  isFile,
  join,
  makeFolder,
  partialFolderOf,
  readJson,
  remove,
  stat,
  withFileErrors,
  writeFileAtomic,
  writeFolderAtomic,
  writeSafetensors,
} from '../../files/index.js'
import { defined, type CheckpointAbout } from '../about.js'
import { parseAs } from '../problems.js'
import {
  CHUNK_BYTES,
  digestOf,
  incompleteVariable,
  partFile,
  partManifestFile,
  PARTS_FORMAT,
  partSchema,
  partsManifestSchema,
  type PartManifest,
  type PartsManifest,
} from './manifest.js'

/** A block of a variable to save; its data is fetched when it is written. */
export interface SavedPiece {
  readonly name: string
  /** The variable's shape, and its sizes as the block counts them. */
  readonly shape: readonly number[]
  readonly grid: readonly number[]
  readonly starts: readonly number[]
  readonly sizes: readonly number[]
  data(): Promise<Float32Array>
}

export interface PartsOptions {
  /** This process, and the number of processes. */
  readonly process: { readonly index: number; readonly count: number }
  /** 12 hexadecimal digits, the same for all processes, and new for each start of the run. */
  readonly attempt: string
  /** Milliseconds to wait for the other processes. @default 20 minutes */
  readonly deadline?: number
  /** Called while waiting; throws when waiting cannot succeed, such as after another process ended. */
  readonly checkOthers?: () => void | Promise<void>
  /** As in SaveOptions; called by the first process. */
  readonly beforeCommit?: () => Promise<void>
}

const DEADLINE = 20 * 60_000

/**
 * Saves what this process holds, and waits for the checkpoint's commit, which is the first process's: it waits until the
 * parts of all processes are in the folder, in which none needs to hear of another. Throws FileError; then no checkpoint
 * appears.
 */
export async function saveParts(
  folder: string,
  pieces: readonly SavedPiece[],
  about: CheckpointAbout,
  options: PartsOptions,
): Promise<void> {
  const { process, attempt, beforeCommit } = options
  if (process.index > 0) {
    const work = partialFolderOf(folder, attempt)
    await makeFolder(work)
    await writePart(work, pieces, about.step, options)
    await until(`the commit of ${folder} by the first process`, options, folder, () => isCommitted(folder, attempt))
    return
  }
  const mayReplace = (name: string) => name === 'manifest.json' || /\.safetensors$|^part-\d+\.json$/.test(name)
  await writeFolderAtomic(folder, { overwrite: true, mayReplace, id: attempt }, async (work) => {
    await writePart(work, pieces, about.step, options)
    const parts: PartManifest[] = []
    for (let index = 0; index < process.count; index++) {
      const path = join(work, partManifestFile(index))
      await until(`part ${index + 1} of ${process.count} of ${folder}`, options, folder, () => isFile(path))
      parts.push(await readPart(path, work, index, about.step, options))
    }
    const manifest = merge(folder, parts, about, attempt)
    for (let index = 0; index < process.count; index++) await remove(join(work, partManifestFile(index)))
    await writeFileAtomic(join(work, 'manifest.json'), `${JSON.stringify(manifest)}\n`)
    await beforeCommit?.()
  })
}

/** Writes the file of this process's part, then its manifest. */
async function writePart(
  work: string,
  pieces: readonly SavedPiece[],
  step: number,
  { process, attempt }: PartsOptions,
): Promise<void> {
  const file = partFile(process.index)
  const digests = new Map<SavedPiece, string[]>()
  const tensors = pieces.map((piece) => ({
    name: `${piece.name} @ ${piece.starts.join()}`,
    shape: piece.sizes,
    dtype: 'F32' as const,
    data: async () => {
      const values = await piece.data()
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      digests.set(piece, await digestsOf(bytes))
      return bytes
    },
  }))
  const { bytes } = await writeSafetensors(join(work, file), tensors)
  const variables: PartManifest['variables'] = {}
  let begin = bytes - pieces.reduce((sum, piece) => sum + bytesOf(piece), 0)
  for (const piece of pieces) {
    const { name, shape, grid, starts, sizes } = piece
    const entry = (variables[name] ??= { shape: [...shape], grid: [...grid], pieces: [] })
    entry.pieces.push({ begin, starts: [...starts], sizes: [...sizes], sha256: digests.get(piece)! })
    begin += bytesOf(piece)
  }
  const manifest: PartManifest = {
    format: 'neomesh checkpoint part 1',
    attempt,
    process: process.index,
    processes: process.count,
    step,
    file,
    bytes,
    variables,
  }
  await writeFileAtomic(join(work, partManifestFile(process.index)), `${JSON.stringify(manifest)}\n`)
}

const bytesOf = ({ sizes }: SavedPiece) => sizes.reduce((product, size) => product * size, 4)

/** Checksums of the chunks, with a turn for other work of this thread after each. */
async function digestsOf(bytes: Uint8Array): Promise<string[]> {
  const found: string[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    found.push(digestOf(bytes.subarray(at, at + CHUNK_BYTES)))
    if (at % (8 * CHUNK_BYTES) === 0) await nextTurn()
  }
  return found
}

/** A part's manifest. Throws FileError if it is not of this attempt, or its file has another size. */
async function readPart(
  path: string,
  work: string,
  index: number,
  step: number,
  { process, attempt }: PartsOptions,
): Promise<PartManifest> {
  const part = parseAs(partSchema, await readJson(path), path)
  const found = [part.attempt, part.process, part.processes, part.step]
  const wanted = [attempt, index, process.count, step]
  if (found.join() !== wanted.join())
    throw new FileError(
      `${path} must be process ${index} of ${process.count} at step ${step} of attempt ${attempt} (got process ` +
        `${part.process} of ${part.processes} at step ${part.step} of attempt ${part.attempt}). Start all processes ` +
        'with the same run and settings',
      path,
    )
  const file = join(work, part.file)
  const { size } = await withFileErrors('read', file, () => stat(file))
  if (size !== part.bytes) throw new FileError(`${file} must have ${part.bytes} bytes (got ${size}). Save again`, file)
  return part
}

function merge(
  folder: string,
  parts: readonly PartManifest[],
  { step, tokens, config, ...optional }: CheckpointAbout,
  attempt: string,
): PartsManifest {
  const variables: PartsManifest['variables'] = {}
  for (const [part, { variables: saved }] of parts.entries())
    for (const [name, { shape, grid, pieces }] of Object.entries(saved)) {
      const entry = (variables[name] ??= { shape, grid, pieces: [] })
      entry.pieces.push(...pieces.map((piece) => ({ ...piece, part })))
    }
  const missing = incompleteVariable(variables)
  if (missing)
    throw new FileError(
      `${folder}: the parts of "${missing.name}" must have ${missing.wanted} numbers (got ${missing.found}). Start all ` +
        'processes with the same mesh and config',
      folder,
    )
  const files = parts.map(({ file, bytes }) => ({ file, bytes }))
  return { format: PARTS_FORMAT, step, tokens, config, attempt, parts: files, variables, ...defined(optional) }
}

/** Whether a folder has the checkpoint of this attempt. */
async function isCommitted(folder: string, attempt: string): Promise<boolean> {
  const path = join(folder, 'manifest.json')
  if (!(await isFile(path))) return false
  const json = await readJson(path).catch(() => null)
  const parsed = partsManifestSchema.safeParse(json)
  return parsed.success && parsed.data.attempt === attempt
}

/** Polls until something is there. Throws FileError after the deadline, and what `checkOthers` throws. */
async function until(
  what: string,
  { deadline = DEADLINE, checkOthers }: PartsOptions,
  folder: string,
  isThere: () => Promise<boolean>,
): Promise<void> {
  const start = performance.now()
  for (let wait = 5; !(await isThere()); wait = Math.min(2 * wait, 1000)) {
    await checkOthers?.()
    if (performance.now() - start > deadline)
      throw new FileError(
        `${what} must be there within ${Math.round(deadline / 1000)} seconds (it is not). Check that all processes run, ` +
          'and start them again: the run resumes from the checkpoint before',
        folder,
      )
    await sleep(wait)
  }
}
