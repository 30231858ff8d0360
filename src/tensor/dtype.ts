/** Element types. Arithmetic never converts between them: `cast` does. */
export type DType = 'f32' | 'bf16' | 'f16' | 'i32' | 'u32' | 'bool'

const BYTES: Record<DType, number> = { f32: 4, bf16: 2, f16: 2, i32: 4, u32: 4, bool: 1 }

/** Bytes of one element in memory. */
export function bytesOf(dtype: DType): number {
  return BYTES[dtype]
}

/** Whether a dtype is f32, bf16 or f16. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'f32' || dtype === 'bf16' || dtype === 'f16'
}

/** Whether a dtype is i32 or u32. */
export function isInteger(dtype: DType): boolean {
  return dtype === 'i32' || dtype === 'u32'
}
