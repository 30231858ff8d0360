/** Numbers as people read them. */

/** `1,234,567.5`, with up to six decimals. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 })
}

/** `1.200`: exactly `digits` decimals. */
export function fixed(value: number, digits: number): string {
  return value.toFixed(digits)
}

/** `+1.20`, `−1.20`. */
export function signed(value: number, digits: number): string {
  return `${value < 0 ? '−' : '+'}${fixed(Math.abs(value), digits)}`
}

/** `1,234 tokens`, `1 token`. */
export function plural(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `12.5%` of a fraction of 1. */
export function percent(fraction: number, digits = 1): string {
  return `${fixed(100 * fraction, digits)}%`
}

/** `1.25e9`, with `digits` decimals. */
export function scientific(value: number, digits: number): string {
  return value.toExponential(digits).replace('e+', 'e')
}

/** A time of computation: `1.25 s`, `12.5 ms`; `digits` are the decimals of milliseconds. */
export function milliseconds(seconds: number, digits: number): string {
  return seconds >= 1 ? `${fixed(seconds, 2)} s` : `${fixed(1000 * seconds, digits)} ms`
}

/** A time that a person waits: `1 h 02 min`, `3 min 05 s`, `12 s`. */
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
    if (amount >= size) return `${fixed(amount / size, 1)} ${unit}`
  return `${Math.round(amount)} B`
}

/** Four significant digits of a number of any size: `12`, `0.05`, `2500`, `20k`, `1.5M`. */
export function compact(value: number): string {
  return withUnit(value, 4, 1e4)
}

/** Three significant digits of a number of any size: `12`, `0.05`, `2.5k`, `820k`, `1.5M`. */
export function short(value: number): string {
  return withUnit(value, 3, 1e3)
}

/** `value` in significant `digits`; from `least` on with a unit. */
function withUnit(value: number, digits: number, least: number): string {
  const size = Math.abs(value)
  for (const [unit, scale] of [
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (size >= scale && size >= least) return `${Number((value / scale).toPrecision(digits))}${unit}`
  return String(Number(value.toPrecision(digits)))
}
