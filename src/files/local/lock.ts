import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Lock } from '../file-system.js'

/** flock(2), the same on Linux and macOS. */
const EXCLUSIVE_NOW = 2 | 4

/**
 * Takes the lock that the file `path` stands for, made if it is not there, with the holder's process id in it; undefined
 * if somebody has it. The file of a process that died is there and locks nothing. Rejects with errors of node:fs.
 */
export async function tryLock(path: string): Promise<Lock | undefined> {
  for (;;) {
    const handle = await open(path, 'a+')
    const taken = await flock(handle)
    if (taken === 'busy') return void (await handle.close())
    // One that was removed after it was opened here is nobody's any more.
    const [mine, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)])
    if (mine.ino !== there?.ino) {
      await handle.close()
      continue
    }
    await handle.truncate()
    await handle.write(`${process.pid} ${hostname()}\n`)
    return lockOf(path, handle, taken === 'locked')
  }
}

/** Files of the locks that are held. Node closes one that nobody refers to, and the system would take the lock away. */
const held = new Set<FileHandle>()

function lockOf(path: string, handle: FileHandle, protects: boolean): Lock {
  held.add(handle)
  return {
    protects,
    check: async () => {}, // the system takes none away
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
