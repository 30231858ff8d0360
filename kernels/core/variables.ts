/** Variables of cells. Compiled cells assign them to `exports`, and read those of earlier cells from there. */
export interface Variables {
  /** The object that cells assign to and read from. */
  readonly exports: Record<string, unknown>
  /** Begins a cell that declares the names. */
  begin(names: readonly string[]): void
  /** Ends a cell that failed: reading a name that it declared and did not assign throws. Others keep their values. */
  fail(cell: number): void
  /** Removes a variable; returns its value. */
  take(name: string): unknown
}

export function createVariables(): Variables {
  const values: Record<string | symbol, unknown> = {}
  /** Names that a failed cell declared and did not assign, by that cell. */
  const unassigned = new Map<string | symbol, number>()
  let declared: readonly string[] = []
  let assigned = new Set<string | symbol>()
  const assign = (name: string | symbol, value: unknown) => {
    values[name] = value
    assigned.add(name)
    unassigned.delete(name)
    return true
  }
  const exports = new Proxy(values, {
    get(_, name) {
      if (unassigned.has(name))
        throw new ReferenceError(
          `${String(name)} has no value: cell ${unassigned.get(name)} failed before assigning it. Correct and run that cell`,
        )
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
      assigned = new Set()
    },
    take(name) {
      const value = values[name]
      delete values[name]
      return value
    },
    fail(cell) {
      for (const name of declared) if (!assigned.has(name) && !(name in values)) unassigned.set(name, cell)
    },
  }
}
