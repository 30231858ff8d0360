/** Locks between tabs and workers of the site, by the Web Locks API: the browser frees one when its holder ends, however it ends. */
import { runtime } from '../../runtime/index.js'
import type { Lock } from '../file-system.js'
import { resolve } from '../paths.js'
import { createAtomicFile } from './contents.js'
import { databaseName, Tree } from './entries.js'
import { announce } from './changes.js'

interface LockManager {
  request(name: string, options: { ifAvailable: true }, held: (lock: object | null) => Promise<void>): Promise<void>
}

/** Locks of this page or worker where the Web Locks API is missing: it needs https or localhost. */
const heldHere = new Set<string>()

/** Takes the lock of the lock file `path`, creating the file; undefined if another tab, worker or caller holds it. */
export async function tryLock(given: string): Promise<Lock | undefined> {
  const path = resolve(given)
  const { locks } = (globalThis as unknown as { navigator: { locks?: LockManager } }).navigator
  const free = locks ? await request(locks, `${databaseName()} ${path}`) : takeHere(path)
  if (free === undefined) return undefined
  try {
    const file = await createAtomicFile(path)
    await file.write(`${runtime.processId} browser\n`)
    await file.commit()
  } catch (cause) {
    free()
    throw cause
  }
  let isHeld = true
  return {
    protects: locks !== undefined,
    check: async () => {}, // the browser never revokes a lock
    async release() {
      if (!isHeld) return
      isHeld = false
      await Tree.run('readwrite', async (tree) => {
        const entry = await tree.find(path)
        tree.removeName(path)
        tree.removeBytes(entry)
      })
      announce(path)
      free()
    },
  }
}

/** The function that frees the lock; undefined if it is held. */
function request(locks: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (lock === null) {
          resolve(undefined)
          return Promise.resolve()
        }
        return new Promise((free) => resolve(free))
      })
      .catch(reject)
  })
}

function takeHere(path: string): (() => void) | undefined {
  if (heldHere.has(path)) return undefined
  heldHere.add(path)
  return () => heldHere.delete(path)
}
