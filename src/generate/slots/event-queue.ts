/** Events of a producer that never waits, for one reader that may be slow. */
export class EventQueue<E> implements AsyncIterableIterator<E> {
  private readonly events: E[] = []
  private ended = false
  private error: unknown = null
  private waiting: PromiseWithResolvers<IteratorResult<E>> | null = null

  /** `onReturn` is called when the reader leaves before the end. */
  constructor(private readonly onReturn: () => void) {}

  push(event: E): void {
    if (this.ended) return
    const { waiting } = this
    this.waiting = null
    if (waiting) waiting.resolve({ value: event, done: false })
    else this.events.push(event)
  }

  /** Ends the iteration after the events so far, with an error if there is one. */
  end(error: unknown = null): void {
    if (this.ended) return
    this.ended = true
    this.error = error
    const { waiting } = this
    this.waiting = null
    if (waiting) void this.finish().then(waiting.resolve, waiting.reject)
  }

  async next(): Promise<IteratorResult<E>> {
    if (this.events.length > 0) return { value: this.events.shift()!, done: false }
    if (this.ended) return this.finish()
    this.waiting = withResolvers()
    return this.waiting.promise
  }

  async return(): Promise<IteratorResult<E>> {
    if (!this.ended) this.onReturn()
    this.events.length = 0
    this.end()
    this.error = null
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private async finish(): Promise<IteratorResult<E>> {
    const { error } = this
    this.error = null
    if (error !== null) throw error
    return { value: undefined, done: true }
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T | PromiseLike<T>) => void
  readonly reject: (reason: unknown) => void
}

/** As Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T | PromiseLike<T>) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((accept, refuse) => ([resolve, reject] = [accept, refuse]))
  return { promise, resolve, reject }
}
