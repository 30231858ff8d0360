/**
 * Downsamples a curve for drawing: indices, in order, of at most `most` (>= 4) values, whose line looks like that of all:
 * the first, the last, and the minimum and maximum of each of equal parts between. NaN is left out of a part that has
 * other values.
 */
export function thin(values: readonly number[], most: number): number[] {
  const { length } = values
  if (length <= most) return values.map((_, i) => i)
  const parts = Math.floor((most - 2) / 2)
  const kept = [0]
  for (let part = 0; part < parts; part++) {
    const from = 1 + Math.floor((part * (length - 2)) / parts)
    const end = 1 + Math.floor(((part + 1) * (length - 2)) / parts)
    let [least, greatest] = [from, from]
    for (let i = from + 1; i < end; i++) {
      if (values[i] < values[least] || Number.isNaN(values[least])) least = i
      if (values[i] > values[greatest] || Number.isNaN(values[greatest])) greatest = i
    }
    kept.push(Math.min(least, greatest))
    if (least !== greatest) kept.push(Math.max(least, greatest))
  }
  return [...kept, length - 1]
}
