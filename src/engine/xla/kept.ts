/**
 * A compiled program in a file of its own, to be taken to where its devices are: `neomesh plan --keep` writes it on any
 * machine, `neomesh train --compiled` loads it on the slice. A header says what it is of, since XLA checks nothing.
 */
import { createHash } from 'node:crypto'
import { FileError, readFile, withFileErrors, writeFileAtomic } from '../../files/index.js'

export interface Kept {
  /** As in `train_step`. */
  readonly name: string
  /** Digest of the program's text and of the number of its devices. */
  readonly program: string
  /** As in `libtpu 0.0.52`: the plugin that compiled it, which alone can load it. */
  readonly compiler: string
  readonly executable: Uint8Array
}

const MAGIC = 'neomesh executable 1\n'

/** What a program is known by. */
export function keptKey(text: string, partitions: number): string {
  return createHash('sha256').update(`${partitions}\0${text}`).digest('hex')
}

/** Writes a compiled program atomically; throws FileError. */
export async function writeKept(path: string, { executable, ...header }: Kept): Promise<void> {
  const head = Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`)
  await writeFileAtomic(path, Buffer.concat([head, executable]))
}

/** Throws FileError for a file that `writeKept` has not written, or that another compiler is needed for. */
export async function readKept(path: string, compiler: string): Promise<Kept> {
  const bytes = await withFileErrors('read', path, () => readFile(path))
  const end = bytes.indexOf('\n', MAGIC.length)
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || end < 0)
    throw new FileError(`${path} holds no compiled program: neomesh plan --keep writes one`, path)
  const header = JSON.parse(bytes.toString('utf8', MAGIC.length, end)) as Omit<Kept, 'executable'>
  if (header.compiler !== compiler)
    throw new FileError(
      `${path} was compiled by ${header.compiler}, and here is ${compiler}: install that one, or plan again with this one`,
      path,
    )
  return { ...header, executable: new Uint8Array(bytes.subarray(end + 1)) }
}
