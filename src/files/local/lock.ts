import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Lock } from '../file-system.js'

/** flock(2), the same on Linux and macOS. */
const EXCLUSIVE_NOW = 2 | 4

/**
 * Takes the lock of the lock file `path`, creating the file, and writes the holder's process id into it; undefined if
 * another process holds it. The file of a process that died may remain, unlocked. Rejects with errors of node:fs.
 */
export async function tryLock(path: string): Promise<Lock | undefined> {
  for (;;) {
    const handle = await open(path, 'a+')
    const taken = await flock(handle)
    if (taken === 'busy') return void (await handle.close())
    // The file may have been removed after it was opened here; then its lock protects nothing.
    const [opened, current] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)])
    if (opened.ino !== current?.ino) {
      await handle.close()
      continue
    }
    await handle.truncate()
    await handle.write(`${process.pid} ${hostname()}\n`)
    return lockOf(path, handle, taken === 'locked')
  }
}

/** Lock files held by this process: Node closes a handle without references, which would release its lock. */
const held = new Set<FileHandle>()

function lockOf(path: string, handle: FileHandle, protects: boolean): Lock {
  held.add(handle)
  return {
    protects,
    check: async () => {}, // the system never revokes a lock
    async release() {
      if (!held.delete(handle)) return
      await rm(path, { force: true })
      await handle.close()
    },
  }
}

type Flock = (handle: FileHandle) => 'locked' | 'busy' | 'unknown'
let found: Promise<Flock> | undefined

async function flock(handle: FileHandle): Promise<ReturnType<Flock>> {
  found ??= findFlock()
  return (await found)(handle)
}

async function findFlock(): Promise<Flock> {
  if (process.platform === 'win32') return () => 'unknown'
  const { koffi } = await import('../koffi.js')
  const call = koffi.load(null).func('int flock(int fd, int operation)') as (fd: number, operation: number) => number
  return (handle) => {
    if (call(handle.fd, EXCLUSIVE_NOW) === 0) return 'locked'
    return koffi.errno() === koffi.os.errno.EWOULDBLOCK ? 'busy' : 'unknown'
  }
}
