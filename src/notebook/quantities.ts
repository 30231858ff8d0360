/** Quantities as people read them. */

/** `1 h 02 min`, `3 min 05 s`, `12 s`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds)
  const two = (x: number) => String(x).padStart(2, '0')
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`
  return s >= 60 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : `${s} s`
}

/** `1.2 MB`, decimal units. */
export function bytes(amount: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (amount >= size) return `${(amount / size).toFixed(1)} ${unit}`
  return `${Math.round(amount)} B`
}

/** Four digits of a number of any size: `12`, `0.05`, `20k`, `1.5M`. */
export function compact(value: number): string {
  const size = Math.abs(value)
  const [unit, name] =
    size >= 1e12
      ? [1e12, 'T']
      : size >= 1e9
        ? [1e9, 'G']
        : size >= 1e6
          ? [1e6, 'M']
          : size >= 1e4
            ? [1e3, 'k']
            : [1, '']
  return `${Number((value / unit).toPrecision(4))}${name}`
}
