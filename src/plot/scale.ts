/** Maps values to positions in a picture. */
export interface Scale {
  /** Position of a value, in pixels. */
  at(value: number): number
  /** Values to draw lines at, within the domain. */
  readonly ticks: readonly number[]
}

export interface ScaleOptions {
  readonly kind: 'linear' | 'log'
  /** Smallest and largest value, in this order; of a log scale above 0. */
  readonly domain: readonly [number, number]
  /** Their positions, in pixels. */
  readonly range: readonly [number, number]
  /** Values of the ticks; round numbers by default. */
  readonly ticks?: readonly number[]
}

/** Approximate number of ticks. */
const TICKS = 6

export function createScale({ kind, domain, range, ticks }: ScaleOptions): Scale {
  const [low, high] = domain
  const measure = kind === 'log' ? Math.log : (x: number) => x
  const width = measure(high) - measure(low) || 1
  const chosen = ticks ?? (kind === 'log' ? roundOnLog(low, high) : roundOnLine(low, high))
  const tolerance = 1e-9 * Math.abs(width)
  return {
    at: (value) => range[0] + ((measure(value) - measure(low)) / width) * (range[1] - range[0]),
    ticks: chosen.filter((x) => measure(x) >= measure(low) - tolerance && measure(x) <= measure(high) + tolerance),
  }
}

/** Multiples of 1, 2 or 5 times a power of ten. */
function roundOnLine(low: number, high: number): number[] {
  const rough = (high - low || 1) / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= rough * 0.99) ?? 10)
  const first = Math.ceil(low / step - 1e-9)
  const count = Math.floor(high / step + 1e-9) - first + 1
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** 1, 2 and 5 times powers of ten; the powers alone over more than three decades, linear steps within one. */
function roundOnLog(low: number, high: number): number[] {
  const decades = Math.log10(high / low)
  if (decades < 1) return roundOnLine(low, high)
  const first = Math.floor(Math.log10(low))
  return Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => first + i).flatMap((power) =>
    (decades > 3 ? [1] : [1, 2, 5]).map((digit) => Number((digit * 10 ** power).toPrecision(12))),
  )
}

/** The domain of the values, widened by a fraction on both sides; a default domain if there are no values. */
export function padded(values: readonly number[], kind: 'linear' | 'log', part = 0.05): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)]
  if (low > high) return kind === 'log' ? [1, 10] : [0, 1]
  if (kind === 'log') {
    const room = (high / low) ** part
    return room > 1 ? [low / room, high * room] : [low / 1.1, high * 1.1]
  }
  const room = (high - low) * part || Math.abs(high) * part || 1
  return [low - room, high + room]
}
