/**
 * TFRecord files: for each record its length (uint64, little-endian), the masked CRC-32C of those 8 bytes, the payload,
 * and the masked CRC-32C of the payload. Source: tensorflow/core/lib/io/record_writer.h.
 */
import {
  headBytes,
  maskedCrc32c,
  openFile,
  refuseForeign,
  withFileErrors,
  type AtomicFile,
  type OpenFile,
} from '../../files/index.js'
import { recordError, type RecordLocation } from '../error.js'

/** Bytes before and after a payload. */
export const headerBytes = 12
export const footerBytes = 4

/** One record. `payload` is a view that the next record may overwrite: copy it to keep it. */
export interface TfRecord extends RecordLocation {
  readonly payload: Uint8Array
}

/** The framing and payload of one record, ready to be appended to a file. */
export function frameRecord(payload: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headerBytes + payload.length + footerBytes)
  framed.writeUInt32LE(payload.length, 0)
  framed.writeUInt32LE(0, 4)
  framed.writeUInt32LE(maskedCrc32c(framed, 0, 8), 8)
  framed.set(payload, headerBytes)
  framed.writeUInt32LE(maskedCrc32c(payload), headerBytes + payload.length)
  return framed
}

/** Appends records to a file in pieces of about a megabyte. */
export interface RecordWriter {
  readonly records: number
  write(payload: Uint8Array): Promise<void>
  /** Writes out what is held back. The file itself stays open. */
  flush(): Promise<void>
}

const flushBytes = 1 << 20

export function createRecordWriter(file: AtomicFile): RecordWriter {
  let held: Buffer[] = []
  let heldBytes = 0
  let records = 0
  async function flush(): Promise<void> {
    const piece = Buffer.concat(held)
    held = []
    heldBytes = 0
    await file.write(piece)
  }
  return {
    get records() {
      return records
    },
    async write(payload) {
      const framed = frameRecord(payload)
      held.push(framed)
      heldBytes += framed.length
      records++
      if (heldBytes >= flushBytes) await flush()
    },
    flush,
  }
}

/**
 * The payload length that a record's header states, checked against its CRC and the bytes left in the file.
 * `header`: at least 12 bytes unless the file ends before; of the first record more, to tell what else the file may be. Throws DataError: corrupt, or truncated.
 */
export function readHeader(header: Buffer, location: RecordLocation, fileBytes: number): number {
  if (header.length < headerBytes)
    throw recordError(
      location,
      `truncated: ${header.length} bytes are left, a record's header has ${headerBytes}. Copy or make the file again`,
    )
  if (maskedCrc32c(header, 0, 8) !== header.readUInt32LE(8)) {
    if (location.offset === 0) refuseForeign(location.path, header, fileBytes, 'tfrecord')
    throw recordError(
      location,
      location.record === 0
        ? 'corrupt: the checksum of its length does not match. Is this a TFRecord file? Unpack compressed ones'
        : 'corrupt: the checksum of its length does not match. Copy or make the file again',
    )
  }
  const length = header.readUInt32LE(0) + header.readUInt32LE(4) * 2 ** 32
  const left = fileBytes - location.offset - headerBytes - footerBytes
  if (length > left)
    throw recordError(
      location,
      `truncated: its payload has ${length} bytes, ${Math.max(0, left)} are left. Copy or make the file again`,
    )
  return length
}

/** Checks a payload's checksum. `framed` begins with the payload and has 4 or more bytes after. Throws DataError. */
export function checkPayload(framed: Buffer, length: number, location: RecordLocation): void {
  if (maskedCrc32c(framed, 0, length) !== framed.readUInt32LE(length))
    throw recordError(location, 'corrupt: the checksum of its payload does not match. Copy or make the file again')
}

/** All records of a file, in order and fully checked, in memory of one buffer (as large as the largest record). */
export async function* readRecords(path: string): AsyncGenerator<TfRecord> {
  const file = await withFileErrors('open', path, () => openFile(path))
  try {
    const { size } = file
    const window = createWindow(file, path)
    for (let record = 0, offset = 0; offset < size; record++) {
      const location = { path, record, offset }
      const header = await window.bytesAt(offset, Math.min(offset === 0 ? headBytes : headerBytes, size - offset))
      const length = readHeader(header, location, size)
      const framed = await window.bytesAt(offset + headerBytes, length + footerBytes)
      checkPayload(framed, length, location)
      yield { ...location, payload: framed.subarray(0, length) }
      offset += headerBytes + length + footerBytes
    }
  } finally {
    await file.close()
  }
}

/**
 * Payload lengths of a file's records, reading only the headers: the framing is checked, payloads are not.
 * Throws DataError, FileError.
 */
export async function scanRecordLengths(path: string): Promise<number[]> {
  const file = await withFileErrors('open', path, () => openFile(path))
  try {
    const { size } = file
    const window = createWindow(file, path)
    const lengths: number[] = []
    for (let offset = 0; offset < size;) {
      const header = await window.bytesAt(offset, Math.min(offset === 0 ? headBytes : headerBytes, size - offset))
      const length = readHeader(header, { path, record: lengths.length, offset }, size)
      lengths.push(length)
      offset += headerBytes + length + footerBytes
    }
    return lengths
  } finally {
    await file.close()
  }
}

const windowBytes = 1 << 20

/** A moving window over a file: `bytesAt` gives a view of it, filled ahead by a megabyte at a time. */
function createWindow(file: OpenFile, path: string) {
  let buffer: Buffer = Buffer.alloc(0)
  let start = 0
  return {
    async bytesAt(offset: number, length: number): Promise<Buffer> {
      if (offset < start || offset + length > start + buffer.length) {
        buffer = await withFileErrors('read', path, () => file.read(offset, Math.max(length, windowBytes)))
        start = offset
      }
      return buffer.subarray(offset - start, offset - start + length)
    },
  }
}
