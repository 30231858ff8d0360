/** Reads source maps (revision 3): where a position in generated JavaScript was written. Node has this, browsers do not. */
export interface SourceMapJson {
  readonly sources: readonly string[]
  readonly mappings: string
}

/** A position in an original source; line and column from 0. */
export interface Original {
  readonly source: string
  readonly line: number
  readonly column: number
}

export interface SourceMap {
  /** The original of the last mapping at or before a position (line and column from 0); null where there is none. */
  find(line: number, column: number): Original | null
}

interface Mapping {
  readonly line: number
  readonly column: number
  readonly original: Original | null
}

/** Parses a source map without sections. */
export function readSourceMap({ sources, mappings }: SourceMapJson): SourceMap {
  const sorted = mappingsOf(mappings, sources)
  return {
    find(line, column) {
      let [low, high] = [0, sorted.length]
      while (low < high) {
        const middle = (low + high) >> 1
        const { line: l, column: c } = sorted[middle]
        if (l < line || (l === line && c <= column)) low = middle + 1
        else high = middle
      }
      return low === 0 ? null : sorted[low - 1].original
    },
  }
}

function mappingsOf(text: string, sources: readonly string[]): Mapping[] {
  const found: Mapping[] = []
  let [source, originalLine, originalColumn] = [0, 0, 0]
  text.split(';').forEach((segments, line) => {
    let column = 0
    for (const segment of segments === '' ? [] : segments.split(',')) {
      const fields = readNumbers(segment)
      column += fields[0]
      if (fields.length < 4) {
        found.push({ line, column, original: null })
        continue
      }
      source += fields[1]
      originalLine += fields[2]
      originalColumn += fields[3]
      found.push({ line, column, original: { source: sources[source], line: originalLine, column: originalColumn } })
    }
  })
  return found
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 variable-length quantities: five bits per digit, the sixth says that more follow; the lowest bit is the sign. */
function readNumbers(text: string): number[] {
  const numbers: number[] = []
  let [value, shift] = [0, 0]
  for (const digit of text) {
    const bits = DIGITS.indexOf(digit)
    value += (bits & 31) << shift
    shift += 5
    if (bits & 32) continue
    numbers.push(value & 1 ? -(value >>> 1) : value >>> 1)
    value = shift = 0
  }
  return numbers
}
