import { fileURLToPath } from 'node:url'

/** Path of a file under test/fixtures. */
export const fixture = (path: string) => fileURLToPath(new URL(`../../../test/fixtures/${path}`, import.meta.url))

export { relative } from '../parity/verdict.js'
