/** Files of one JSON value a line, each written when it is known. */
import { openAppending, readText, writeFileAtomic } from './access.js'
import { withFileErrors } from './error.js'

/**
 * The values of a file; none if there is no file. Lines that are not JSON are left out: of a last one that was cut off
 * nothing is said, of others a warning of the process says how many. Throws FileError.
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
  if (broken.length > 0) process.emitWarning(`${path}: ${describeBroken(broken, lines.length - (lines.at(-1) === '' ? 1 : 0))}`)
  return values
}

/** `2 of 12 lines are not JSON and are left out: lines 3, 7`. */
function describeBroken(broken: readonly number[], lines: number): string {
  const [are, numbers] = broken.length === 1 ? ['is', 'line'] : ['are', 'lines']
  const more = broken.length > 10 ? ', ...' : ''
  return `${broken.length} of ${lines} lines ${are} not JSON and ${are} left out: ${numbers} ${broken.slice(0, 10).join(', ')}${more}`
}

/** Lines to append to a file. */
export interface JsonLines {
  /** Appends a value: at once on this machine, within seconds in the cloud. Throws FileError, as when the disk is full. */
  append(value: unknown): void
  /** Waits until all is kept. Throws FileError. */
  flush(): Promise<void>
}

/** Replaces a file by these values. Throws FileError. */
export async function writeJsonLines(path: string, values: readonly unknown[]): Promise<void> {
  await writeFileAtomic(path, values.map(lineOf).join(''))
}

/** The same, and opens it for more. */
export async function startJsonLines(path: string, values: readonly unknown[]): Promise<JsonLines> {
  await writeJsonLines(path, values)
  const file = await openAppending(path)
  return { append: (value) => file.append(lineOf(value)), flush: () => file.flush() }
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
