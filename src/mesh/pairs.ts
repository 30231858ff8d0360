/** A name with a value: an axis with its size, or a dim with the axis that splits it. */
export type Pair = readonly [name: string, value: string]

/**
 * The pairs of a mesh_shape or layout: pieces between commas, periods, semicolons or spaces, each with one colon. Lists
 * of pairs are taken too. Throws Error that says what is wrong.
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
      throw new Error(`${JSON.stringify(pair)} is not a pair such as ["x", 4]`)
    })
  }
  if (typeof value !== 'string') throw new Error(`${JSON.stringify(value)} is not a text such as "x:4,y:2"`)
  return value
    .split(/[\s,.;]+/)
    .filter((piece) => piece !== '')
    .map((piece): Pair => {
      const parts = piece.split(':')
      if (parts.length === 2 && parts[0] !== '' && parts[1] !== '') return [parts[0], parts[1]]
      throw new Error(`"${piece}" in "${value}" is not a pair with one colon, such as "x:4"`)
    })
}

/** Devices of the largest mesh: several times the chips of the largest TPU slice. */
const mostDevices = 65_536

/** What is wrong with the pairs of a mesh_shape, or null. */
export function meshProblem(pairs: readonly Pair[]): string | null {
  for (const [name, value] of pairs)
    if (!/^[1-9]\d*$/.test(value))
      return `axis "${name}" has the size "${value}", which is not a whole number from 1 on`
  const names = pairs.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) return `axis "${twice}" is there twice`
  const devices = pairs.reduce((product, [, size]) => product * Number(size), 1)
  return devices > mostDevices ? `it must ask for at most ${mostDevices} devices (got ${devices})` : null
}
