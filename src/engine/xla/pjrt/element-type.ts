/**
 * Element types of buffers, by StableHLO-like names: PJRT's number for each (PJRT_Buffer_Type) and its bytes on the
 * host.
 */

const table = {
  bool: { number: 1, bytes: 1 }, // PRED: one byte, exactly 0 or 1
  i8: { number: 2, bytes: 1 },
  i16: { number: 3, bytes: 2 },
  i32: { number: 4, bytes: 4 },
  i64: { number: 5, bytes: 8 },
  u8: { number: 6, bytes: 1 },
  u16: { number: 7, bytes: 2 },
  u32: { number: 8, bytes: 4 },
  u64: { number: 9, bytes: 8 },
  f16: { number: 10, bytes: 2 },
  f32: { number: 11, bytes: 4 },
  f64: { number: 12, bytes: 8 },
  bf16: { number: 13, bytes: 2 },
} as const

export type ElementType = keyof typeof table

const byNumber = new Map<number, ElementType>(
  Object.entries(table).map(([name, { number }]) => [number, name as ElementType]),
)

export function elementTypeNumber(type: ElementType): number {
  return table[type].number
}

/** @throws RangeError for a type that we have no name for (sub-byte, 8-bit float, complex, token) */
export function elementTypeOf(number: number): ElementType {
  const type = byNumber.get(number)
  if (!type) {
    throw new RangeError(`PJRT element type ${number} is not supported; known are ${Object.keys(table).join(', ')}`)
  }
  return type
}

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(table, name)
}

/** Element type and dims of a buffer on one device, row-major on the host. */
export interface Spec {
  readonly dtype: ElementType
  readonly shape: readonly number[]
}

export function byteLength({ dtype, shape }: Spec): number {
  return shape.reduce((product, size) => product * size, table[dtype].bytes)
}

/** As in `f32[2,3]`. */
export function describe({ dtype, shape }: Spec): string {
  return `${dtype}[${shape.join(',')}]`
}

export function sameSpec(a: Spec, b: Spec): boolean {
  if (a.dtype !== b.dtype || a.shape.length !== b.shape.length) return false
  for (let i = 0; i < a.shape.length; i++) if (a.shape[i] !== b.shape[i]) return false
  return true
}
