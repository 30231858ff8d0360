/** Locks between processes, each a file with its holder's process id and machine in it. */
import { hostname } from 'node:os'
import { readText } from './access.js'
import { fileSystemOf, type Lock } from './file-system.js'

/**
 * Takes the lock that the file `path` stands for, made if it is not there; undefined if somebody has it. The file of a
 * process that died is there and locks nothing: at once on this machine, after a minute and a half in the cloud.
 */
export async function tryLock(path: string): Promise<Lock | undefined> {
  return (await fileSystemOf(path)).tryLock(path)
}

/** Who holds a lock, for a message: "process 4242", with its machine if that is another. */
export async function lockHolder(path: string): Promise<{ description: string; pid: number | undefined }> {
  const [, pid, host] = /^(\d+) (\S*)/.exec(await readText(path).catch(() => '')) ?? []
  if (pid === undefined) return { description: 'another process', pid: undefined }
  const description = `process ${pid}${host === hostname() ? '' : ` on ${host}`}`
  return { description, pid: Number(pid) }
}
