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

/** Replaces a file by these values and opens it for more. Throws FileError. */
export async function startJsonLines(path: string, values: readonly unknown[]): Promise<JsonLines> {
  const line = (value: unknown) => `${JSON.stringify(value)}\n`
  await writeFileAtomic(path, values.map(line).join(''))
  const file = await openAppending(path)
  return { append: (value) => file.append(line(value)), flush: () => file.flush() }
}
