/** A handle of memory; null once it is freed. */
export interface Handle<D> {
  data: { readonly held: D; handles: number } | null
}

/** Memory in pieces that have handles: each piece is released when the last of its handles is freed. */
export abstract class HandledMemory<D> {
  private scope: Handle<D>[] | null = null
  /** Handles that are not freed. */
  protected handles = 0

  protected abstract release(held: D): void

  share({ data }: Handle<D>): Handle<D> {
    return this.handle(data!)
  }

  keep(x: Handle<D>): Handle<D> {
    return x // no scope is open where a run ends
  }

  /** Idempotent. */
  free(x: Handle<D>): void {
    const { data } = x
    if (!data) return
    x.data = null
    this.handles--
    if (--data.handles === 0) this.release(data.held)
  }

  /** Runs `f`, then frees all handles made in it but its results; if it throws, all. */
  scoped(f: () => Handle<D>[]): Handle<D>[] {
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
      if (!outer) this.outermostEnded()
    }
  }

  /** Called when no scope is open any more. */
  protected outermostEnded(): void {}

  /** Runs `f`, whose handles are of no scope. */
  protected outside<R>(f: () => R): R {
    const { scope } = this
    this.scope = null
    try {
      return f()
    } finally {
      this.scope = scope
    }
  }

  protected handleOf(held: D): Handle<D> {
    return this.handle({ held, handles: 0 })
  }

  /** What a handle stands for. */
  protected held({ data }: Handle<D>): D {
    if (!data) throw new Error('an array is read after it was freed')
    return data.held
  }

  private handle(data: NonNullable<Handle<D>['data']>): Handle<D> {
    data.handles++
    this.handles++
    const made = { data }
    this.scope?.push(made)
    return made
  }
}
