/** Random dims and numbers for property tests. SEED=number in the environment gives others; tests say which they used. */
import { dim, isFloat, sizeOf, type Dim, type DType } from '../../../src/tensor/index.js'
import { numbers } from '../../tensor/numbers.js'

export const SEED = Number(globalThis.process?.env.SEED ?? 1)

export interface Given {
  readonly dims: readonly Dim[]
  readonly dtype: DType
  /** Halves are given as f32 and cast in the program. */
  readonly values: readonly number[]
}

export interface Range {
  readonly low?: number
  readonly high?: number
  /** Adds infinities, NaN, negative zero and the ends of the integers; or these but NaN. */
  readonly odd?: boolean | 'but NaN'
}

const LIMITS = { i32: [-0x80000000, 0x7fffffff], u32: [0, 0xffffffff] } as const

export class Random {
  private readonly next: () => number

  constructor(seed: number) {
    this.next = numbers(seed)
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(part: number): boolean {
    return this.next() < part
  }

  one<T>(of: readonly T[]): T {
    return of[this.whole(0, of.length - 1)]
  }

  shuffled<T>(of: readonly T[]): T[] {
    const rest = [...of]
    return of.map(() => rest.splice(this.whole(0, rest.length - 1), 1)[0])
  }

  /** Dims of unequal names; most are short, some have one element, some are longer than a block of a loop. */
  dims(least = 0, most = 4, prefix = 'd'): Dim[] {
    return Array.from({ length: this.whole(least, most) }, (_, i) => dim(`${prefix}${i}`, this.size()))
  }

  size(): number {
    return this.chance(0.15) ? 1 : this.chance(0.1) ? this.whole(9, 40) : this.whole(2, 6)
  }

  float(): DType {
    return this.chance(0.7) ? 'f32' : this.one(['bf16', 'f16'])
  }

  number(dtype: DType, { low = -3, high = 3, odd = false }: Range = {}): number {
    if (dtype === 'bool') return this.whole(0, 1)
    if (isFloat(dtype)) {
      if (odd && this.chance(0.1))
        return this.one([0, -0, 1, -1, Infinity, -Infinity, ...(odd === 'but NaN' ? [] : [NaN])])
      return Math.fround(low + (high - low) * this.next())
    }
    const [first, last] = LIMITS[dtype as 'i32']
    if (odd && this.chance(0.2)) return this.one([first, last, 0, 1, ...(dtype === 'i32' ? [-1] : [])])
    return this.chance(0.5) ? this.whole(first, last) : this.whole(Math.max(first, low), high)
  }

  given(dims: readonly Dim[], dtype: DType, range?: Range): Given {
    return { dims, dtype, values: Array.from({ length: sizeOf(dims) }, () => this.number(dtype, range)) }
  }
}
