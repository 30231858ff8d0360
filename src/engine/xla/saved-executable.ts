/**
 * A compiled program in a file, to be copied to where its devices are: `neomesh plan --keep` writes it on any machine,
 * `neomesh train --compiled` loads it on the slice. A header identifies it, since XLA checks nothing.
 */
import { FileError, readFile, sha256, withFileErrors, writeFileAtomic } from '../../files/index.js'

export interface SavedExecutable {
  /** As in `train_step`. */
  readonly name: string
  /** Its `programFingerprint`. */
  readonly program: string
  /** As in `libtpu 0.0.52`: the plugin that compiled it, which alone can load it. */
  readonly compiler: string
  readonly executable: Uint8Array
}

const MAGIC = 'neomesh executable 1\n'

/** Identifies a program: a digest of its text and of the number of its devices. */
export function programFingerprint(text: string, partitions: number): string {
  return sha256(`${partitions}\0${text}`)
}

/** Writes a compiled program atomically; throws FileError. */
export async function writeExecutable(path: string, { executable, ...header }: SavedExecutable): Promise<void> {
  const head = Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`)
  await writeFileAtomic(path, Buffer.concat([head, executable]))
}

/** Throws FileError for a file that `writeExecutable` has not written, or that needs another compiler. */
export async function readExecutable(path: string, compiler: string): Promise<SavedExecutable> {
  const bytes = await withFileErrors('read', path, () => readFile(path))
  const end = bytes.indexOf('\n', MAGIC.length)
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || end < 0)
    throw new FileError(`${path} must be a compiled program. Write one with \`neomesh plan --keep\`.`, path)
  const header = JSON.parse(bytes.toString('utf8', MAGIC.length, end)) as Omit<SavedExecutable, 'executable'>
  if (header.compiler !== compiler)
    throw new FileError(
      `${path} must be compiled by ${compiler}, which is installed here (got ${header.compiler}). Install that one, or plan again.`,
      path,
    )
  return { ...header, executable: new Uint8Array(bytes.subarray(end + 1)) }
}
