/**
 * Interrupts. Code that took the cell's signal (`neo.interruptSignal()`) ends in its own good order, as training does:
 * after the step under way, with a checkpoint. Other code gets an Interrupted error out of the `await` that it is in,
 * or comes to next, so that its `finally` runs and nothing goes on behind the cell's back. A second interrupt does that to
 * code with the signal, too.
 */
export class Interrupted extends Error {
  override name = 'Interrupted'

  constructor() {
    super('the cell was interrupted; what it has made so far stays')
  }
}

/** How long code that only awaits what is there already may keep the process from hearing anything, in ms. */
const BREATH = 50

export interface Interrupts {
  /** Begins a cell. */
  begin(): void
  /** Ends a cell; says whether it was interrupted. */
  end(): boolean
  interrupt(): void
  /** Aborts when the running cell is interrupted. */
  signal(): AbortSignal
  /** What each `await` of a cell is passed through, with its line. */
  wait(value: unknown, line: number): unknown
  /** What each `for await` of a cell is passed through. */
  each<T>(values: AsyncIterable<T> | Iterable<T>, line: number): AsyncIterable<T>
}

/** `failedAt` hears of the line of each await through which an error comes. */
export function createInterrupts(failedAt: (error: unknown, line: number) => void): Interrupts {
  let controller: AbortController | null = null
  let waiting = new Set<(error: Interrupted) => void>()
  let running = false
  let interrupted = false
  /** An interrupt that no await has met yet. */
  let due = false
  let breathed = performance.now()

  const wait = (value: unknown, line: number): unknown => {
    const isPromise = isThenable(value)
    if (due) {
      due = false
      if (isPromise) value.then(undefined, () => {})
      throw new Interrupted()
    }
    const now = performance.now()
    const breathes = now - breathed > BREATH
    if (breathes) breathed = now
    else if (!isPromise) return value
    return new Promise((resolve, reject) => {
      const among = waiting
      among.add(reject)
      const settle = async () => {
        try {
          const result = await value
          if (breathes) await new Promise(setImmediate)
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
      // What the iterator holds is free before the cell ends.
      if (!ended) await wait(iterator.return?.(), line)
    }
  }

  return {
    begin() {
      running = true
      interrupted = due = false
      controller = null
      waiting = new Set()
    },
    end() {
      running = false
      return interrupted
    },
    interrupt() {
      if (!running) return
      interrupted = true
      if (controller && !controller.signal.aborted) return controller.abort(new Interrupted())
      due = waiting.size === 0
      for (const reject of waiting) reject(new Interrupted())
      waiting.clear()
    },
    signal() {
      controller ??= new AbortController()
      return controller.signal
    },
    wait,
    each,
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null)?.then === 'function'
}
