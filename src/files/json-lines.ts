/** Files with one JSON value per line. */
import { openAppending, readText, writeFileAtomic } from './access.js'
import { runtime } from '../runtime/index.js'
import { withFileErrors } from './error.js'

/**
 * The values of a file; [] if it does not exist. Lines that are not JSON are skipped: a truncated last line silently,
 * others with a process warning that counts them. Throws FileError.
 */
export async function readJsonLines(path: string): Promise<unknown[]> {
  const text = await withFileErrors('read', path, () =>
    readText(path).catch((cause) => {
      if (cause.code === 'ENOENT') return ''
      throw cause
    }),
  )
  const lines = text.split('\n')
  const broken: number[] = []
  const values = lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as unknown]
    } catch {
      if (i < lines.length - 1) broken.push(i + 1)
      return []
    }
  })
  if (broken.length > 0)
    runtime.warn(`${path}: ${describeBroken(broken, lines.length - (lines.at(-1) === '' ? 1 : 0))}`)
  return values
}

/** `2 of 12 lines are not JSON and are skipped: lines 3, 7`. */
function describeBroken(broken: readonly number[], lines: number): string {
  const [are, numbers] = broken.length === 1 ? ['is', 'line'] : ['are', 'lines']
  const more = broken.length > 10 ? ', ...' : ''
  return `${broken.length} of ${lines} lines ${are} not JSON and ${are} skipped: ${numbers} ${broken.slice(0, 10).join(', ')}${more}`
}

/** A file of JSON lines opened for appending. */
export interface JsonLines {
  /** Appends a value: at once on this machine, within seconds in the cloud. Throws FileError, as when the disk is full. */
  append(value: unknown): void
  /** Waits until everything is written. Throws FileError. */
  flush(): Promise<void>
}

/** Replaces a file by these values. Throws FileError. */
export async function writeJsonLines(path: string, values: readonly unknown[]): Promise<void> {
  await writeFileAtomic(path, values.map(lineOf).join(''))
}

/** The same, and opens the file for appending. */
export async function startJsonLines(path: string, values: readonly unknown[]): Promise<JsonLines> {
  await writeJsonLines(path, values)
  const file = await openAppending(path)
  return { append: (value) => file.append(lineOf(value)), flush: () => file.flush() }
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
