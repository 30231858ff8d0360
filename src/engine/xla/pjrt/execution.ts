/** One run of a program: its outputs, which may be used at once, and the moment when the devices are done. */
import type { Buffer } from './buffer.js'
import type { PjrtError } from './error.js'
import type { Executable } from './executable.js'

const ENTRY = 'LoadedExecutable_Execute'

export class Execution {
  private error: PjrtError | undefined
  private promise: Promise<void> | undefined

  /**
   * @param outputs by device, then by result of the program
   * @param events one a device, owned from now on; removed as they are taken
   */
  constructor(
    readonly executable: Executable,
    readonly outputs: Buffer[][],
    private readonly events: bigint[],
  ) {
    executable.started(this)
  }

  /**
   * Resolves when all devices are done, rejects with PjrtError. Ignoring it costs nothing and leaks nothing: a failed
   * run also fails the download of its outputs.
   */
  get done(): Promise<void> {
    if (!this.promise) {
      this.promise = this.executable.client.track(this.finish())
      this.promise.catch(() => {}) // no unhandled rejection for a caller who looks at the outputs only
    }
    return this.promise
  }

  private async finish(): Promise<void> {
    const { events } = this.executable.client
    while (this.events.length > 0) this.note(await events.finish(this.events.pop()!, ENTRY))
    this.executable.finished(this)
    if (this.error) throw this.error
  }

  /** Frees the events if all devices are done, without waiting; false when they are not. */
  reap(): boolean {
    if (this.promise) return true // `finish` does it
    const { events } = this.executable.client
    while (this.events.length > 0) {
      if (!events.isReady(this.events.at(-1)!)) return false
      this.note(events.take(this.events.pop()!, ENTRY))
    }
    this.executable.finished(this)
    return true
  }

  /** Waits, blocking: for the end of the process. */
  block(): void {
    const { events } = this.executable.client
    while (this.events.length > 0) this.note(events.take(this.events.pop()!, ENTRY))
    this.executable.finished(this)
  }

  private note(error: PjrtError | undefined): void {
    this.error ??= error
  }
}
