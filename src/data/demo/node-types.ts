import { createRequire } from 'node:module'
import { dirname, FileError } from '../../files/index.js'

/** The folder of the package @types/node. Throws FileError. */
export function findTypes(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('@types/node/package.json'))
  } catch (cause) {
    const why = 'the package @types/node is not there: run npm ci, or give texts of your own with --text'
    throw new FileError(`there is no text for the demo: ${why}`, '@types/node', undefined, { cause })
  }
}
