/**
 * A lock is an object that only one can create. The service does not know when its holder dies, so the holder tells that
 * it lives, and who does not for some time is dead.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { FileError } from '../error.js'
import type { Lock } from '../file-system.js'
import type { Client, ObjectAbout } from './client.js'
import { statusOf, withCloudErrors } from './errors.js'

/** Milliseconds between two signs of life, and without any before a holder counts as dead. */
const beat = 20_000
const patience = 90_000

/** Where process ids mean the same: on this machine, since it was started, in this container. */
const processSpace = (() => {
  try {
    // Machines that were made alike have the same name, and the same number for the same container.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
})()

export async function tryLock(client: Client, path: string): Promise<Lock | undefined> {
  const signs = { token: randomUUID(), pid: String(process.pid), space: processSpace }
  return withCloudErrors('write', path, async () => {
    for (;;) {
      await client.save(path, `${process.pid} ${hostname()}\n`, { ifGeneration: '0', metadata: signs }).catch(ifTaken)
      const found = await client.about(path)
      if (found === undefined) continue
      if (found.metadata.token === signs.token) return hold(client, found, signs)
      if (!isDead(found)) return undefined
      await client.remove(path, { ifGeneration: found.generation }).catch(ifTaken)
    }
  })
}

function hold(client: Client, { path, generation }: ObjectAbout, signs: Record<string, string>): Lock {
  const mine = { ifGeneration: generation }
  let beats = 0
  const giveSign = () => client.setMetadata(path, { ...signs, beats: String(++beats) }, mine)
  // If one fails the next may come through.
  const timer = setInterval(() => void giveSign().catch(() => {}), beat).unref()
  let released = false
  return {
    protects: true,
    check: () =>
      withCloudErrors('write', path, () =>
        giveSign().catch((cause) => {
          if (![404, 412].includes(statusOf(cause))) throw cause
          const why = `this process gave no sign of life for ${patience / 1000} seconds (was it suspended?)`
          throw new FileError(`${path} is not this process's any more: ${why}, and another took it. Start again`, path)
        }),
      ),
    async release() {
      if (released) return
      released = true
      clearInterval(timer)
      await withCloudErrors('remove', path, () => client.remove(path, mine).catch(ifTaken))
    },
  }
}

function isDead({ metadata, updated, told }: ObjectAbout): boolean {
  if (metadata.space === processSpace && !lives(Number(metadata.pid))) return true
  // Both times are the service's: this machine's clock may be wrong.
  return told - updated > patience
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH'
  }
  try {
    // One that has ended and that nobody has asked after (a zombie) still has its number.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return true
  }
}

/** Takes the failure that says that the object is another one than was thought; throws all others on. */
function ifTaken(cause: unknown): void {
  if (statusOf(cause) !== 412) throw cause
}
