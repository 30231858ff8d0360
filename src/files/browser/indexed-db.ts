/** The part of IndexedDB that is used here, with promises. The library is compiled without the types of browsers. */

interface Request<T> {
  readonly result: T
  readonly error: Error | null
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}

interface OpenRequest extends Request<NativeDatabase> {
  onupgradeneeded: (() => void) | null
  onblocked: (() => void) | null
}

interface ObjectStore {
  get(key: unknown): Request<unknown>
  getAll(range?: unknown): Request<unknown[]>
  getAllKeys(range?: unknown): Request<unknown[]>
  put(value: unknown, key: unknown): Request<unknown>
  delete(keyOrRange: unknown): Request<undefined>
}

interface NativeTransaction {
  readonly error: Error | null
  objectStore(name: string): ObjectStore
  abort(): void
  oncomplete: (() => void) | null
  onabort: (() => void) | null
}

interface NativeDatabase {
  createObjectStore(name: string): ObjectStore
  transaction(stores: readonly string[], mode: Mode, options?: { durability: Durability }): NativeTransaction
  close(): void
  onversionchange: (() => void) | null
}

export type Mode = 'readonly' | 'readwrite'
/** `strict` waits until the data is on the disk. */
export type Durability = 'strict' | 'relaxed'

const browser = globalThis as unknown as {
  indexedDB?: { open(name: string, version: number): OpenRequest }
  IDBKeyRange: { bound(lower: unknown, upper: unknown, lowerOpen?: boolean, upperOpen?: boolean): unknown }
}

/** Keys from `lower` to `upper`, without `upper`. */
export const keyRange = (lower: unknown, upper: unknown) => browser.IDBKeyRange.bound(lower, upper, false, true)

export interface Store {
  get(key: unknown): Promise<unknown>
  getAll(range: unknown): Promise<unknown[]>
  getAllKeys(range: unknown): Promise<unknown[]>
  put(value: unknown, key: unknown): void
  delete(keyOrRange: unknown): void
}

export interface Database {
  /**
   * Runs `work`, which may await results of the stores only, and resolves when its changes are committed; all of them are
   * undone if it throws.
   */
  transaction<T>(mode: Mode, work: (store: (name: string) => Store) => Promise<T>, durability?: Durability): Promise<T>
}

/** Opens a database with these stores, created at the first time. Throws Error where the browser denies it. */
export async function openDatabase(name: string, stores: readonly string[]): Promise<Database> {
  const { indexedDB } = browser
  if (indexedDB === undefined) throw new Error('IndexedDB must be available (it is not in this browser)')
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => stores.forEach((store) => opening.result.createObjectStore(store))
  const database = await settled(opening)
  // Otherwise a tab could not delete the database while another has it open.
  database.onversionchange = () => database.close()
  return {
    transaction: (mode, work, durability = 'relaxed') =>
      new Promise((resolve, reject) => {
        const native = database.transaction(stores, mode, { durability })
        let outcome: (() => void) | undefined
        let failure: { cause: unknown } | undefined
        let isOver = false
        native.oncomplete = () => {
          isOver = true
          outcome?.()
        }
        native.onabort = () => reject((failure?.cause ?? native.error) as Error)
        work((store) => promised(native.objectStore(store))).then(
          (value) => {
            outcome = () => resolve(value)
            if (isOver) outcome()
          },
          (cause: unknown) => {
            failure = { cause }
            if (isOver) reject(cause as Error)
            else native.abort()
          },
        )
      }),
  }
}

function promised(store: ObjectStore): Store {
  return {
    get: (key) => settled(store.get(key)),
    getAll: (range) => settled(store.getAll(range)),
    getAllKeys: (range) => settled(store.getAllKeys(range)),
    // A failure aborts the transaction, which reports it.
    put: (value, key) => void store.put(value, key),
    delete: (key) => void store.delete(key),
  }
}

function settled<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error!)
  })
}
