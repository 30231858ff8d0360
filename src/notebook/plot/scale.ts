/** Numbers to places in a picture. */
export interface Scale {
  /** Place of a value. */
  at(value: number): number
  /** Round values to draw lines at, within the domain. */
  readonly ticks: readonly number[]
}

export interface ScaleOptions {
  readonly kind: 'linear' | 'log'
  /** Smallest and largest value; of a log scale above 0. */
  readonly domain: readonly [number, number]
  /** Their places. */
  readonly range: readonly [number, number]
}

export function createScale({ kind, domain: [low, high], range: [from, to] }: ScaleOptions): Scale {
  const measure = kind === 'log' ? Math.log : (x: number) => x
  const width = measure(high) - measure(low) || 1
  return {
    at: (value) => from + ((measure(value) - measure(low)) / width) * (to - from),
    ticks: kind === 'log' ? logTicks(low, high) : linearTicks(low, high),
  }
}

/** Multiples of 1, 2 or 5 times a power of ten, about six. */
function linearTicks(low: number, high: number): number[] {
  const rough = (high - low || 1) / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((each) => each * power >= rough) ?? 10)
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  )
}

/** 1, 2 and 5 times powers of ten. */
function logTicks(low: number, high: number): number[] {
  const digits = high / low > 1000 ? [1] : [1, 2, 5]
  const ticks: number[] = []
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10)
    ticks.push(...digits.map((digit) => Number((digit * power).toPrecision(12))))
  return ticks.filter((tick) => tick >= low && tick <= high)
}

/** A domain with some room on both sides. */
export function padded(values: readonly number[], kind: 'linear' | 'log', part = 0.05): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)]
  if (low > high) return kind === 'log' ? [1, 10] : [0, 1]
  if (kind === 'log') {
    const room = Math.max((high / low) ** part, 1.05)
    return [low / room, high * room]
  }
  const room = (high - low) * part || Math.abs(high) * part || 1
  return [low - room, high + room]
}
