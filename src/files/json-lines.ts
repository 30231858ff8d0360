/** Files of one JSON value a line, each written when it is known. */
import { openAppending, readText, writeFileAtomic } from './access.js'
import { withFileErrors } from './error.js'

/**
 * The values of a file; none if there is no file. A line that is no JSON, as a last one that was cut off, is left out.
 * Throws FileError.
 */
export async function readJsonLines(path: string): Promise<unknown[]> {
  const text = await withFileErrors('read', path, () =>
    readText(path).catch((cause) => {
      if (cause.code === 'ENOENT') return ''
      throw cause
    }),
  )
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as unknown]
    } catch {
      return []
    }
  })
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
