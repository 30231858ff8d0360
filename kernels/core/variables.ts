/** What cells have declared: tslab has each cell write its variables to, and read those of earlier cells from, `exports`. */
export interface Variables {
  /** The object to give to cells. */
  readonly exports: Record<string, unknown>
  /** Begins a cell that declares the names. */
  begin(names: readonly string[]): void
  /** Ends a cell that failed: names that it did not come to are not to be read. Others keep their values. */
  fail(cell: number): void
  /** Removes a variable; returns its value. */
  take(name: string): unknown
}

export function createVariables(): Variables {
  const values: Record<string | symbol, unknown> = {}
  /** Declared by a cell that failed before it gave them a value. */
  const missing = new Map<string | symbol, number>()
  let declared: readonly string[] = []
  let made = new Set<string | symbol>()
  const assign = (name: string | symbol, value: unknown) => {
    values[name] = value
    made.add(name)
    missing.delete(name)
    return true
  }
  const exports = new Proxy(values, {
    get(_, name) {
      if (missing.has(name))
        throw new ReferenceError(`${String(name)} has no value: cell ${missing.get(name)} failed before it came to it`)
      return values[name]
    },
    set: (_, name, value) => assign(name, value),
    // Named imports are defined with a getter.
    defineProperty: (_, name, { get, value }) => name === '__esModule' || assign(name, get ? get() : value),
  })
  return {
    exports: exports as Record<string, unknown>,
    begin(names) {
      declared = names
      made = new Set()
    },
    take(name) {
      const value = values[name]
      delete values[name]
      return value
    },
    fail(cell) {
      for (const name of declared) if (!made.has(name) && !(name in values)) missing.set(name, cell)
    },
  }
}
