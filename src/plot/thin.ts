/**
 * Indices of at most `most` (4 or more) of the values, in order, which drawn as a line look as all do: the first, the
 * last, and the least and the greatest of each of equal parts between. Values that are no number are left out of a part
 * that has others.
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
