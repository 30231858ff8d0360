/** Locks between processes. A lock file contains its holder's process id and host name. */
import { machine, runtime } from '../runtime/index.js'
import { fileSystemOf, readText } from './access.js'
import type { Lock } from './file-system.js'

/**
 * Takes the lock of the lock file `path`, creating the file; undefined if another process holds it. The lock of a process
 * that died is free: at once on this machine, after 90 seconds in the cloud.
 */
export async function tryLock(path: string): Promise<Lock | undefined> {
  return (await fileSystemOf(path)).tryLock(path)
}

/** The holder of a lock, for a message: "process 4242", with its host if that is another machine. */
export async function lockHolder(path: string): Promise<{ description: string; pid: number | undefined }> {
  if (runtime.kind === 'browser') return { description: 'another notebook or tab of this browser', pid: undefined }
  const [, pid, host] = /^(\d+) (\S*)/.exec(await readText(path).catch(() => '')) ?? []
  if (pid === undefined) return { description: 'another process', pid: undefined }
  const description = `process ${pid}${host === machine().hostName ? '' : ` on ${host}`}`
  return { description, pid: Number(pid) }
}
