/** Natural order of file names: part_2 before part_10. Source: gpt-neo utils.py. */

/**
 * Compares as GPT-Neo does: names are split into runs of digits, compared by value, and the rest, compared case-insensitively.
 * Equal keys ("a_02", "a_2") are 0, so that a stable sort keeps their order.
 */
export function compareNatural(a: string, b: string): number {
  const x = naturalKey(a)
  const y = naturalKey(b)
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const order = i % 2 === 1 ? compareDigits(x[i], y[i]) : compareCodePoints(x[i], y[i])
    if (order !== 0) return order
  }
  return x.length - y.length
}

/** A sorted copy. */
export function naturalSort(names: readonly string[]): string[] {
  return [...names].sort(compareNatural)
}

/** Text at even indices, digits at odd ones. */
function naturalKey(name: string): string[] {
  return name.toLowerCase().split(/(\d+)/)
}

function compareDigits(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Python's string order, by code point. UTF-16 order differs only beyond the basic plane, where surrogates sort too low. */
function compareCodePoints(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}
