/** Numbers for people. */

/** 1,234,567 */
export const grouped = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 6 })

export const fixed = (value: number, digits: number): string => value.toFixed(digits)

/** With its sign. */
export const signed = (value: number, digits: number): string =>
  `${value < 0 ? '−' : '+'}${fixed(Math.abs(value), digits)}`

/** 1.5M, 820k, 35 */
export function compact(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${unit}`
  return String(Number(value.toPrecision(3)))
}
