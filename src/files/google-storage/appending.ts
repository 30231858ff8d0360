/**
 * Appending to an object. The service has no append: new text is uploaded as a separate object and composed with the
 * existing one. Text is batched, since an object accepts about one change per second.
 */
import { crc32c } from '../checksums.js'
import { FileError } from '../error.js'
import type { Appending } from '../file-system.js'
import { partialBeside } from '../paths.js'
import type { Client, Guard } from './client.js'
import { statusOf, withCloudErrors } from './errors.js'

/** Milliseconds for which text is batched. */
const flushMs = 5000

export function openAppending(client: Client, path: string): Appending {
  let waiting = ''
  let timer: NodeJS.Timeout | undefined
  let failure: unknown
  let sending: Promise<void> = Promise.resolve()
  /** The object after this process's last write; generation '0': it does not exist. */
  let known: { generation: string; sum: number } | undefined

  async function current() {
    const { generation = '0', crc32c: sum = 0 } = (await client.metadata(path)) ?? {}
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
    // A request that reported an error may have taken effect, in which case its retry fails the precondition.
    if (known.sum !== sum)
      throw new FileError(
        `cannot write ${path}: another process is writing it too. Stop that process, or use another path`,
        path,
      )
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
      timer ??= setTimeout(() => void sendAll(), flushMs).unref()
    },
    async flush() {
      await sendAll()
      check()
    },
  }
}
