/**
 * Appending to an object, which the service does not know: what is new becomes an object of its own, and the service
 * composes the two. Not for every line: an object takes about one change a second.
 */
import { crc32c } from '../crc32c.js'
import { FileError } from '../error.js'
import type { Appending } from '../file-system.js'
import { partialBeside } from '../paths.js'
import type { Client, Guard } from './client.js'
import { statusOf, withCloudErrors } from './errors.js'

/** Milliseconds that text waits for more. */
const pause = 5000

export function openAppending(client: Client, path: string): Appending {
  let waiting = ''
  let timer: NodeJS.Timeout | undefined
  let failure: unknown
  let sending: Promise<void> = Promise.resolve()
  /** Of the object as this process knows it; generation 0 is none. */
  let known: { generation: string; sum: number } | undefined

  async function current() {
    const { generation = '0', crc32c: sum = 0 } = (await client.about(path)) ?? {}
    return { generation, sum }
  }

  async function send(text: Buffer): Promise<void> {
    known ??= await current()
    const guard = { ifGeneration: known.generation }
    const sum = crc32c(text, 0, text.length, known.sum)
    try {
      if (known.generation === '0') await client.save(path, text, guard)
      else await compose(text, guard)
    } catch (cause) {
      if (statusOf(cause) !== 412) throw cause
    }
    known = await current()
    // A request that was answered with an error may have been carried out, and its repetition then meets its own work.
    if (known.sum !== sum) throw new FileError(`cannot write ${path}: another process writes it, too`, path)
  }

  async function compose(text: Buffer, guard: Guard): Promise<void> {
    const piece = partialBeside(path)
    await client.save(piece, text)
    try {
      await client.compose([path, piece], path, guard)
    } finally {
      await client.remove(piece)
    }
  }

  function sendAll(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    sending = sending.then(async () => {
      if (waiting === '' || failure !== undefined) return
      const text = Buffer.from(waiting)
      waiting = ''
      await withCloudErrors('write', path, () => send(text)).catch((cause) => {
        failure = cause
      })
    })
    return sending
  }

  function check(): void {
    if (failure !== undefined) throw failure
  }

  return {
    append(text) {
      check()
      waiting += text
      timer ??= setTimeout(() => void sendAll(), pause).unref()
    },
    async flush() {
      await sendAll()
      check()
    },
  }
}
