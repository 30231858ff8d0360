/**
 * Interrupts. Code that took the cell's signal (`neo.interruptSignal()`) stops on its own, as training does: with
 * a checkpoint, after the current step or, where the engine can, without it. Other code gets an Interrupted error from the pending `await`, or from the next loop
 * iteration, function call or `await` of a cell, so that its `finally` runs. A second interrupt does that to code with the
 * signal, too. Code of packages that never returns is terminated; see node/attendant-thread.ts.
 */
import { FLAGS } from './flags.js'

export class Interrupted extends Error {
  override name = 'Interrupted'

  constructor() {
    super('the cell was interrupted; variables that it assigned keep their values')
  }
}

/** How long code that only awaits resolved promises may block the event loop, in ms. */
const BREATH = 50
/** Time between two Interrupted errors, in which `catch` and `finally` of the cell run, in ms. */
const CLEANUP = 250
/** Time for code with the signal to return to the event loop, in ms. */
const POLITE = 2000
/** Time for code of earlier cells to do so, in ms. */
const BACKGROUND = 800
/** Time after an interrupt until newer awaits are rejected, too, and until the cell is abandoned, in ms. */
const AGAIN = 1000
const GIVE_UP = 2200
/** As GIVE_UP, where the code that the cell waited for has been terminated. */
const GIVE_UP_TERMINATED = 50

export interface Interrupts {
  /** Begins a cell. */
  begin(): void
  /** Ends a cell; returns whether it was interrupted. */
  end(): boolean
  /** Called on the event loop: the interrupt with this number was requested. */
  heard(count: number): void
  /** Code that could not be interrupted was terminated. */
  terminated(): void
  /** Rejects when the running cell must be abandoned because it does not end. */
  givenUp(): Promise<never>
  /** Ends the running cell with an error. */
  giveUp(error: unknown): void
  /** Aborts when the running cell is interrupted. */
  signal(): AbortSignal
  /** Called at the start of each loop iteration and function of a cell. Throws Interrupted. */
  check(): void
  /** Wraps the value of each `await` of a cell; `line` is its line. */
  wait(value: unknown, line: number): unknown
  /** Wraps the values of each `for await` of a cell. */
  each<T>(values: AsyncIterable<T> | Iterable<T>, line: number): AsyncIterable<T>
}

/**
 * `flags`: see flags.ts. `breathe` lets the event loop run once. `failedAt` is called with the line of each await that an
 * error comes through.
 */
export function createInterrupts(
  flags: Int32Array,
  breathe: () => Promise<unknown>,
  failedAt: (error: unknown, line: number) => void,
): Interrupts {
  let controller: AbortController | null = null
  let waiting = new Set<(error: Interrupted) => void>()
  let running = false
  let interrupted = false
  /** The last interrupt that was acted on. */
  let handled = 0
  /** Value of `requested` with which checks have nothing to do; -1 while a cell is to end. */
  let settled = 0
  /** Deadline until which code with the signal may block the event loop; null without such code. */
  let polite: number | null = null
  let quietUntil = 0
  let backgroundSince: number | null = null
  let breathed = performance.now()
  let giveUp: (error: unknown) => void = () => {}
  let givenUp = new Promise<never>(() => {})
  let timers: ReturnType<typeof setTimeout>[] = []

  const rejectWaiting = () => {
    for (const reject of waiting) reject(new Interrupted())
    waiting.clear()
  }
  const act = () => {
    handled = Atomics.load(flags, FLAGS.requested)
    if (!running) return void (settled = handled)
    interrupted = true
    settled = -1
    Atomics.store(flags, FLAGS.signal, 0)
    if (controller && !controller.signal.aborted) {
      polite = performance.now() + POLITE
      return controller.abort(new Interrupted())
    }
    polite = null
    quietUntil = 0
    rejectWaiting()
  }
  const later = (delay: number, work: () => void) => {
    timers.push(setTimeout(() => running && interrupted && polite === null && work(), delay))
  }
  /** Throws if the calling code must end now. */
  const meet = (): void => {
    const now = performance.now()
    if (!running) {
      // Of an earlier cell; it is to end if it keeps the kernel from hearing anything.
      backgroundSince ??= now
      if (now - backgroundSince < BACKGROUND) return
      backgroundSince = null
      settled = handled = Atomics.load(flags, FLAGS.requested)
      throw new Interrupted()
    }
    if (Atomics.load(flags, FLAGS.requested) !== handled) act()
    if (polite !== null) {
      if (now < polite) return
      polite = null
    }
    if (now < quietUntil) return
    quietUntil = now + CLEANUP
    Atomics.store(flags, FLAGS.thrown, handled)
    throw new Interrupted()
  }
  const check = () => {
    if (Atomics.load(flags, FLAGS.requested) !== settled) meet()
  }

  /** Makes `aborted` true without a turn of the event loop, so that code which computes for long may ask it. */
  const lookWhenRead = (of: AbortController) => {
    let hasAborted = false
    of.signal.addEventListener('abort', () => (hasAborted = true))
    Object.defineProperty(of.signal, 'aborted', {
      get() {
        if (!hasAborted && running && controller === of && Atomics.load(flags, FLAGS.requested) !== handled) act()
        return hasAborted
      },
    })
  }

  const waitFor = (value: unknown, line: number, breathes: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const among = waiting
      among.add(reject)
      const settle = async () => {
        try {
          const result = await value
          if (breathes) await breathe()
          resolve(result)
        } catch (error) {
          failedAt(error, line)
          reject(error)
        } finally {
          among.delete(reject)
        }
      }
      void settle()
    })
  const wait = (value: unknown, line: number): unknown => {
    const isPromise = isThenable(value)
    try {
      check()
    } catch (error) {
      if (isPromise) value.then(undefined, () => {})
      throw error
    }
    const now = performance.now()
    const breathes = now - breathed > BREATH
    if (breathes) breathed = now
    else if (!isPromise) return value
    return waitFor(value, line, breathes)
  }

  async function* each<T>(values: AsyncIterable<T> | Iterable<T>, line: number): AsyncGenerator<T> {
    const iterator = Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : values[Symbol.iterator]()
    let ended = false
    try {
      for (;;) {
        const next = (await wait(iterator.next(), line)) as IteratorResult<T>
        ended = next.done === true
        if (ended) return
        yield (await next.value) as T
      }
    } catch (error) {
      ended = !(error instanceof Interrupted)
      throw error
    } finally {
      // What the iterator holds is released before the cell ends.
      if (!ended) await waitFor(iterator.return?.(), line, false)
    }
  }

  return {
    begin() {
      running = true
      interrupted = false
      handled = settled = Atomics.load(flags, FLAGS.requested)
      Atomics.store(flags, FLAGS.signal, 0)
      controller = polite = backgroundSince = null
      waiting = new Set()
      givenUp = new Promise((_, reject) => (giveUp = reject))
      givenUp.catch(() => {})
    },
    end() {
      if (Atomics.load(flags, FLAGS.requested) !== handled) act()
      running = false
      settled = handled
      for (const timer of timers) clearTimeout(timer)
      timers = []
      return interrupted
    },
    heard(count) {
      backgroundSince = null
      if (count > handled) act()
      if (!running) return void (settled = handled)
      if (!interrupted) return
      if (polite !== null) polite = Infinity
      later(AGAIN, rejectWaiting)
      later(GIVE_UP, () => giveUp(new Interrupted()))
    },
    terminated() {
      later(GIVE_UP_TERMINATED, () => giveUp(new Interrupted()))
    },
    givenUp: () => givenUp,
    giveUp: (error) => giveUp(error),
    signal() {
      if (!controller) {
        controller = new AbortController()
        lookWhenRead(controller)
        Atomics.store(flags, FLAGS.signal, 1)
      }
      return controller.signal
    },
    check,
    wait,
    each,
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null)?.then === 'function'
}
