/** Files of one JSON value a line, each written when it is known. */
import { appendFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from './atomic-file.js'
import { withFileErrors, withFileErrorsSync } from './error.js'

/**
 * The values of a file; none if there is no file. A line that is no JSON, as a last one that was cut off, is left out.
 * Throws FileError.
 */
export async function readJsonLines(path: string): Promise<unknown[]> {
  const text = await withFileErrors('read', path, () =>
    readFile(path, 'utf8').catch((cause) => {
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

/** Replaces a file. Throws FileError. */
export function writeJsonLines(path: string, values: readonly unknown[]): Promise<void> {
  return writeFileAtomic(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''))
}

/** Throws FileError, for example when the disk is full. */
export function appendJsonLine(path: string, value: unknown): void {
  withFileErrorsSync('write', path, () => appendFileSync(path, `${JSON.stringify(value)}\n`))
}
