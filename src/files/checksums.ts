/**
 * Checksums: SHA-256, which tells whether a file has changed, and CRC-32C (Castagnoli, polynomial 0x1EDC6F41,
 * RFC 3720 appendix B.4), eight bytes per step ("slicing by 8"). TFRecord files store CRC-32C masked, so that the CRC of
 * data that contains CRCs stays meaningful.
 */
import { sha256Digest } from '../runtime/index.js'

/** SHA-256 of bytes, in hexadecimal. */
export function sha256(data: Uint8Array | string): string {
  return sha256Digest().update(data).digest()
}

/** Reversed polynomial: the low bit is the highest power. */
const polynomial = 0x82f63b78
/** tables[256 k + b]: CRC of byte b followed by k zero bytes. */
const tables = makeTables()

function makeTables(): Int32Array {
  const table = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    table[byte] = crc
  }
  for (let i = 256; i < table.length; i++) table[i] = (table[i - 256] >>> 8) ^ table[table[i - 256] & 255]
  return table
}

/** CRC-32C of bytes [start, end), an unsigned 32-bit integer. `previous`: the CRC of the bytes before. */
export function crc32c(data: Uint8Array, start = 0, end = data.length, previous = 0): number {
  const t = tables
  let crc = ~previous
  let i = start
  for (; i + 8 <= end; i += 8) {
    const low = crc ^ (data[i] | (data[i + 1] << 8) | (data[i + 2] << 16) | (data[i + 3] << 24))
    crc =
      t[1792 + (low & 255)] ^
      t[1536 + ((low >>> 8) & 255)] ^
      t[1280 + ((low >>> 16) & 255)] ^
      t[1024 + (low >>> 24)] ^
      t[768 + data[i + 4]] ^
      t[512 + data[i + 5]] ^
      t[256 + data[i + 6]] ^
      t[data[i + 7]]
  }
  for (; i < end; i++) crc = t[(crc ^ data[i]) & 255] ^ (crc >>> 8)
  return ~crc >>> 0
}

/** The masked form that TFRecord files hold: rotated right by 15 bits, plus a constant. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** Masked CRC-32C of bytes [start, end). */
export function maskedCrc32c(data: Uint8Array, start = 0, end = data.length): number {
  return maskCrc(crc32c(data, start, end))
}
