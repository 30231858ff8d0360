/** Why a program does not fit, as libtpu reports it. */
export interface OutOfMemoryReport {
  /** Bytes of temporaries, with the memory of arguments that results reuse. */
  readonly needed: number
  /** The largest buffers; values that are not live at the same time share one. */
  readonly buffers: readonly { readonly bytes: number; readonly shapes: readonly string[] }[]
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
}

/**
 * Reads the message of a compilation that ran out of memory, and the report that libtpu logs on stderr beside it:
 * lines of "cumulative_size; size; offset; used_by_n_values; shapes_list".
 */
export function readMemoryReport(message: string, log: string): OutOfMemoryReport {
  const buffers = [...log.matchAll(/^ +[\d.]+\w+\( *\d+%\); +([\d.]+)([KMG]?i?B); +\d+; +\d+; (.+)$/gm)].map(
    ([, amount, unit, shapes]) => ({
      bytes: Math.round(Number(amount) * UNITS[unit]),
      shapes: [...shapes.matchAll(/(?:\d+×)?(\w+\[[\d,]*\])/g)].map(([, shape]) => shape),
    }),
  )
  const exact = /^Total bytes: (\d+)/m.exec(log)?.[1]
  const [, amount, unit] = /temporaries \(([\d.]+)([KMGT]?)\)/.exec(message) ?? []
  const needed = exact === undefined ? Number(amount ?? 0) * (UNITS[unit || 'B'] ?? 1) : Number(exact)
  return { needed, buffers: buffers.sort((a, b) => b.bytes - a.bytes) }
}
