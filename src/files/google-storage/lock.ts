/**
 * A lock is an object that only one process can create. The service does not notice when its holder dies, so the holder
 * sends heartbeats, and a lock without heartbeats expires.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { FileError } from '../error.js'
import type { Lock } from '../file-system.js'
import type { Client, ObjectMetadata } from './client.js'
import { statusOf, withCloudErrors } from './errors.js'

/** Milliseconds between heartbeats, and without one until the lock expires. */
const heartbeatMs = 20_000
const expiryMs = 90_000

/** The namespace of process ids: this machine, since its last boot, in this container. */
const processSpace = (() => {
  try {
    // Cloned machines share the host name and the container's namespace id, but not the boot id.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
})()

export async function tryLock(client: Client, path: string): Promise<Lock | undefined> {
  const holder = { token: randomUUID(), pid: String(process.pid), space: processSpace }
  return withCloudErrors('write', path, async () => {
    for (;;) {
      await client
        .save(path, `${process.pid} ${hostname()}\n`, { ifGeneration: '0', metadata: holder })
        .catch(ignoreFailedPrecondition)
      const found = await client.metadata(path)
      if (found === undefined) continue
      if (found.metadata.token === holder.token) return hold(client, found, holder)
      if (!isDead(found)) return undefined
      await client.remove(path, { ifGeneration: found.generation }).catch(ignoreFailedPrecondition)
    }
  })
}

function hold(client: Client, { path, generation }: ObjectMetadata, holder: Record<string, string>): Lock {
  const precondition = { ifGeneration: generation }
  let beats = 0
  const heartbeat = () => client.setMetadata(path, { ...holder, beats: String(++beats) }, precondition)
  // A failed heartbeat is ignored: the next one may succeed.
  const timer = setInterval(() => void heartbeat().catch(() => {}), heartbeatMs).unref()
  let released = false
  return {
    protects: true,
    check: () =>
      withCloudErrors('write', path, () =>
        heartbeat().catch((cause) => {
          if (![404, 412].includes(statusOf(cause))) throw cause
          const why = `it sent no heartbeat for ${expiryMs / 1000} seconds (was it suspended?)`
          throw new FileError(
            `${path} is no longer locked by this process: ${why}, and another process took the lock. Run the command again`,
            path,
          )
        }),
      ),
    async release() {
      if (released) return
      released = true
      clearInterval(timer)
      await withCloudErrors('remove', path, () => client.remove(path, precondition).catch(ignoreFailedPrecondition))
    },
  }
}

function isDead({ metadata, updated, responseTime }: ObjectMetadata): boolean {
  if (metadata.space === processSpace && !lives(Number(metadata.pid))) return true
  // Both times are from the service's clock: this machine's may be wrong.
  return responseTime - updated > expiryMs
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH'
  }
  try {
    // A zombie, which has ended but was not waited for, keeps its process id.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return true
  }
}

/** Ignores a failed precondition (the object has changed); rethrows everything else. */
function ignoreFailedPrecondition(cause: unknown): void {
  if (statusOf(cause) !== 412) throw cause
}
