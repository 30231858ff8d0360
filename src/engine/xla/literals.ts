import { isFloat, type DType } from '../../tensor/dtype.js'

/** A number as MLIR reads it: floats have a point, infinities and NaN are bits. */
export function number(value: number, dtype: DType): string {
  if (dtype === 'bool') return value ? 'true' : 'false'
  if (!isFloat(dtype)) return String(value)
  if (!Number.isFinite(value)) return hex(value, dtype)
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text.replace(/^(-?\d+)e/, '$1.0e')
}

function hex(value: number, dtype: DType): string {
  const bits = new DataView(new ArrayBuffer(4))
  bits.setFloat32(0, value)
  const word = bits.getUint32(0)
  if (dtype === 'f32') return `0x${word.toString(16).toUpperCase().padStart(8, '0')}`
  if (dtype === 'bf16') return `0x${(word >>> 16).toString(16).toUpperCase().padStart(4, '0')}`
  return Number.isNaN(value) ? '0x7E00' : value > 0 ? '0x7C00' : '0xFC00'
}

/** What no number is lower than: where a maximum begins. */
export function lowest(dtype: DType): string {
  return isFloat(dtype) ? number(-Infinity, dtype) : dtype === 'i32' ? '-2147483648' : dtype === 'u32' ? '0' : 'false'
}

/** What no number is higher than: where a minimum begins. */
export function highest(dtype: DType): string {
  return isFloat(dtype)
    ? number(Infinity, dtype)
    : dtype === 'i32'
      ? '2147483647'
      : dtype === 'u32'
        ? '4294967295'
        : 'true'
}

/** Nested lists of numbers in row-major order. */
export function table(values: readonly number[], sizes: readonly number[], dtype: DType): string {
  if (sizes.length === 0) return number(values[0], dtype)
  const [size, ...rest] = sizes
  const step = values.length / size
  return `[${Array.from({ length: size }, (_, i) => table(values.slice(i * step, (i + 1) * step), rest, dtype)).join(', ')}]`
}
