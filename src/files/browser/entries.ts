/**
 * The tree of files in IndexedDB: entries by absolute path, and the files' bytes in pieces under an id, so that a rename moves
 * names only. A change of many names is one transaction: after a crash a folder appears whole or not at all.
 */
import { dirname } from '../paths.js'
import { keyRange, openDatabase, type Database, type Durability, type Mode, type Store } from './indexed-db.js'
import { served, servedEntry } from './served.js'

export interface FileEntry {
  readonly kind: 'file'
  /** Key of its pieces: [id, 0], [id, 1], ... */
  readonly id: string
  readonly size: number
  /** Where each piece ends. */
  readonly ends: readonly number[]
  /** When it was changed last, in ms since 1970. */
  readonly modified?: number
}

/** A folder, a file, or a file of the site, which is fetched when it is read. */
export type Entry = { readonly kind: 'folder' } | FileEntry | { readonly kind: 'served'; readonly size: number }

const STORES = ['entries', 'pieces']

let name = 'neomesh'
let opening: Promise<Database> | undefined

/** Names the database, before files are used. */
export function useDatabase(database: string): void {
  if (opening !== undefined && database !== name) throw new Error('the database must be named before files are used')
  name = database
}

export const databaseName = () => name

/** A view of the tree within a transaction. */
export class Tree {
  private constructor(
    private readonly entries: Store,
    readonly pieces: Store,
  ) {}

  static async run<T>(mode: Mode, work: (tree: Tree) => Promise<T>, durability?: Durability): Promise<T> {
    opening ??= openDatabase(name, STORES)
    const database = await opening.catch((cause) => {
      opening = undefined
      throw cause
    })
    return database.transaction(mode, (store) => work(new Tree(store('entries'), store('pieces'))), durability)
  }

  /** What is at a path; undefined if nothing is. */
  async find(path: string): Promise<Entry | undefined> {
    if (path === '/') return { kind: 'folder' }
    return ((await this.entries.get(path)) as Entry | undefined) ?? servedEntry(path)
  }

  /** What is at a path. Throws ENOENT, or ENOTDIR if a part of the path is a file. */
  async get(path: string): Promise<Entry> {
    const found = await this.find(path)
    if (found) return found
    throw await this.absent(path)
  }

  /** The error for a path where nothing is. */
  async absent(path: string): Promise<Error> {
    for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
      const found = await this.find(folder)
      if (found) return systemError(found.kind === 'folder' ? 'ENOENT' : 'ENOTDIR')
    }
    return systemError('ENOENT')
  }

  /** Names and entries of a folder. */
  async list(folder: string): Promise<Map<string, Entry>> {
    const prefix = folder === '/' ? '/' : `${folder}/`
    const found = new Map<string, Entry>()
    for (const path of served.below(prefix)) {
      const [child] = path.slice(prefix.length).split('/')
      found.set(child, servedEntry(prefix + child)!)
    }
    for (const [path, entry] of await this.below(folder))
      if (!path.slice(prefix.length).includes('/')) found.set(path.slice(prefix.length), entry)
    return found
  }

  /** Paths and entries below a folder that are stored, without those that the site serves. */
  async below(folder: string): Promise<[string, Entry][]> {
    const prefix = folder === '/' ? '' : folder
    const range = keyRange(`${prefix}/`, `${prefix}0`) // '0' follows '/'
    const [keys, values] = await Promise.all([this.entries.getAllKeys(range), this.entries.getAll(range)])
    return keys.map((key, i) => [key as string, values[i] as Entry])
  }

  put(path: string, entry: Entry): void {
    this.entries.put(entry, path)
  }

  /** Removes a name; the bytes of a file stay. */
  removeName(path: string): void {
    this.entries.delete(path)
  }

  /** Removes the bytes of a file. */
  removeBytes(entry: Entry | undefined): void {
    if (entry?.kind === 'file') this.pieces.delete(keyRange([entry.id], [entry.id, []]))
  }
}

/** An error with a code of node:fs. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** As file systems do, so that a path that works here works there. */
export function checkName(path: string): void {
  if (new TextEncoder().encode(path.slice(path.lastIndexOf('/') + 1)).length > 255) throw systemError('ENAMETOOLONG')
}
