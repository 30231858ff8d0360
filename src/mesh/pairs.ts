/** A name with a value: an axis with its size, or a dim with the axis that splits it. */
export type Pair = readonly [name: string, value: string]

/**
 * The pairs of a mesh_shape or layout: pieces between commas, periods, semicolons or spaces, each with one colon. Lists
 * of pairs are taken too. Throws Error for malformed text.
 * Source: Mesh TensorFlow ops.py (_parse_string_to_list_of_pairs).
 */
export function parsePairs(value: unknown): Pair[] {
  if (Array.isArray(value)) {
    return value.map((pair): Pair => {
      if (
        Array.isArray(pair) &&
        pair.length === 2 &&
        pair.every((part) => typeof part === 'string' || typeof part === 'number')
      )
        return [String(pair[0]), String(pair[1])]
      throw new Error(`each pair must be a name and a size or axis, such as ["x", 4] (got ${JSON.stringify(pair)})`)
    })
  }
  if (typeof value !== 'string') throw new Error(`must be a text such as "x:4,y:2" (got ${JSON.stringify(value)})`)
  return value
    .split(/[\s,.;]+/)
    .filter((piece) => piece !== '')
    .map((piece): Pair => {
      const parts = piece.split(':')
      if (parts.length === 2 && parts[0] !== '' && parts[1] !== '') return [parts[0], parts[1]]
      throw new Error(`each pair must have one colon, such as "x:4" (got "${piece}" in "${value}")`)
    })
}

/** Devices of the largest mesh: several times the chips of the largest TPU slice. */
const MOST_DEVICES = 65_536

/** What is wrong with the pairs of a mesh_shape, or null. */
export function meshProblem(pairs: readonly Pair[]): string | null {
  for (const [name, value] of pairs)
    if (!/^[1-9]\d*$/.test(value)) return `axis "${name}" must have an integer size >= 1 (got "${value}")`
  const names = pairs.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) return `axis "${twice}" must be given once (got it twice)`
  const devices = pairs.reduce((product, [, size]) => product * Number(size), 1)
  return devices > MOST_DEVICES ? `it must ask for at most ${MOST_DEVICES} devices (got ${devices})` : null
}
