import { serveFiles, useDatabase, type ServedFiles } from '../files/browser/index.js'

export interface StartOptions {
  /** Address of the folder with the site's files.json; without it there are no configs and demo texts. */
  readonly base?: string
  /** Name of the IndexedDB database for files. @default neomesh */
  readonly database?: string
}

/** Prepares the file system of a page or worker, before the library is used. Throws Error if the site cannot be reached. */
export async function startBrowser({ base, database }: StartOptions = {}): Promise<void> {
  if (database !== undefined) useDatabase(database)
  if (base === undefined) return
  const address = new URL('files.json', base).href
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address} must be reachable (got HTTP status ${response.status})`)
  serveFiles((await response.json()) as ServedFiles, address)
}
