/**
 * Events: the moment at which devices are done with something. Each is owned by us, taken once, and destroyed then.
 * Waiting is a question of cost. A check takes 0.1 us; going to sleep and being woken 20 us; a turn of the event loop
 * about as much; a wait on a thread 50 us and one of Node's four pool threads (which files are read with, too). So
 * spin for what is about to happen, then look once a turn for a short while, then let a thread wait, at most two at a
 * time.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { entries, type EntryName } from './abi.js'
import type { PjrtError } from './error.js'
import { closed, opened } from './handles.js'
import { Struct } from './memory.js'
import type { Plugin } from './plugin.js'

const SPIN_MILLISECONDS = 0.02
const POLL_MILLISECONDS = 0.2
const WAITING_THREADS = 2

export class Events {
  private readonly ready = new Struct(entries.Event_IsReady)
  private readonly event = new Struct(entries.Event_Await)
  private threads = 0
  private readonly queue: (() => void)[] = []
  private readonly waited = new Set<bigint>()

  constructor(private readonly plugin: Plugin) {}

  /** Counts an event that native code handed to us. */
  own(event: bigint): bigint {
    opened('event')
    return event
  }

  isReady(event: bigint): boolean {
    this.ready.set({ event })
    this.plugin.check('Event_IsReady', this.plugin.function('Event_IsReady')(this.ready.address))
    return this.ready.number('is_ready') !== 0
  }

  /**
   * Waits, on this thread; destroys the event; gives its error, if it has one.
   * @param entry the call that gave the event, to which the error is attributed
   */
  take(event: bigint, entry: EntryName): PjrtError | undefined {
    this.spin(event)
    const error = this.block(event, entry)
    this.event.set({ event })
    this.plugin.check('Event_Destroy', this.plugin.function('Event_Destroy')(this.event.address))
    closed('event')
    return error
  }

  private spin(event: bigint): boolean {
    const end = performance.now() + SPIN_MILLISECONDS
    while (!this.isReady(event)) if (performance.now() > end) return false
    return true
  }

  private block(event: bigint, entry: EntryName): PjrtError | undefined {
    this.event.set({ event })
    const error = this.plugin.function('Event_Await')(this.event.address)
    return error === null ? undefined : this.plugin.takeError(entry, error)
  }

  /** As `take`, without holding up the event loop. */
  async finish(event: bigint, entry: EntryName): Promise<PjrtError | undefined> {
    if (!this.spin(event)) {
      this.waited.add(event)
      try {
        await this.wait(event)
      } finally {
        this.waited.delete(event)
      }
    }
    return this.take(event, entry)
  }

  private async wait(event: bigint): Promise<void> {
    for (const end = performance.now() + POLL_MILLISECONDS; performance.now() < end;) {
      await nextTurn()
      if (this.isReady(event)) return
    }
    if (this.threads === WAITING_THREADS) await new Promise<void>((resolve) => this.queue.push(resolve))
    else this.threads++
    try {
      if (!this.isReady(event)) await this.plugin.callAsync('Event_Await', { event })
    } catch {
      // The event's error; `take` asks for it again.
    } finally {
      const next = this.queue.shift()
      if (next) next()
      else this.threads--
    }
  }

  /** Blocks until every awaited event has happened; for the end of the process. */
  blockUntilIdle(): void {
    for (const event of this.waited) this.block(event, 'Event_Await')
  }
}
