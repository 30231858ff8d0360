/** A handle of memory; null once it is freed. */
export interface Handle<D> {
  data: { readonly held: D; handles: number } | null
}

/** Handles of pieces of memory: each piece is released when the last of its handles is freed. */
export class Handles<D> {
  private scope: Handle<D>[] | null = null
  /** Handles that are not freed. */
  count = 0

  constructor(private readonly release: (held: D) => void) {}

  make(held: D): Handle<D> {
    return this.handle({ held, handles: 0 })
  }

  share({ data }: Handle<D>): Handle<D> {
    return this.handle(data!)
  }

  /** What a handle stands for. */
  of({ data }: Handle<D>): D {
    if (!data) throw new Error('an array is read after it was freed')
    return data.held
  }

  /** Idempotent. */
  free(x: Handle<D>): void {
    const { data } = x
    if (!data) return
    x.data = null
    this.count--
    if (--data.handles === 0) this.release(data.held)
  }

  /** Runs `f`, then frees all handles made in it but its results; if it throws, all. `end` hears whether it was the outermost. */
  scoped(f: () => Handle<D>[], end?: (outermost: boolean) => void): Handle<D>[] {
    const outer = this.scope
    const made: Handle<D>[] = (this.scope = [])
    let results = new Set<Handle<D>>()
    try {
      const list = f()
      results = new Set(list)
      return list
    } finally {
      this.scope = outer
      for (const x of made)
        if (!results.has(x)) this.free(x)
        else outer?.push(x)
      end?.(!outer)
    }
  }

  /** Runs `f`, whose handles are of no scope. */
  outside<R>(f: () => R): R {
    const { scope } = this
    this.scope = null
    try {
      return f()
    } finally {
      this.scope = scope
    }
  }

  private handle(data: NonNullable<Handle<D>['data']>): Handle<D> {
    data.handles++
    this.count++
    const made = { data }
    this.scope?.push(made)
    return made
  }
}
