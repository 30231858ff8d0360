/** Writes sorted tables for tests: blocks of any size, restarts, either compression. */
import protobuf from 'protobufjs/minimal.js'
import { maskedCrc32c } from '../../../src/files/index.js'

export type Entries = readonly (readonly [key: string, value: Uint8Array])[]

export interface TableOptions {
  entriesPerBlock: number
  entriesPerRestart: number
  snappy?: boolean
}

export function makeTable(entries: Entries, options: TableOptions): Buffer {
  const file: Buffer[] = []
  let size = 0
  const add = (content: Buffer, snappy = false) => {
    const stored = Buffer.concat([snappy ? asLiteral(content) : content, Buffer.from([snappy ? 1 : 0])])
    const crc = Buffer.alloc(4)
    crc.writeUInt32LE(maskedCrc32c(stored))
    file.push(stored, crc)
    const handle = protobuf.Writer.create()
      .uint64(size)
      .uint64(stored.length - 1)
      .finish()
    size += stored.length + 4
    return handle
  }
  const index: [string, Uint8Array][] = []
  for (let i = 0; i < entries.length; i += options.entriesPerBlock) {
    const part = entries.slice(i, i + options.entriesPerBlock)
    index.push([part[part.length - 1][0], add(makeBlock(part, options.entriesPerRestart), options.snappy)])
  }
  const handles = Buffer.concat([add(makeBlock([], 1)), add(makeBlock(index, 1), options.snappy)])
  const footer = Buffer.alloc(48)
  handles.copy(footer)
  footer.writeBigUInt64LE(0xdb4775248b80fb57n, 40)
  return Buffer.concat([...file, footer])
}

function makeBlock(entries: Entries, entriesPerRestart: number): Buffer {
  const parts: Uint8Array[] = []
  const restarts: number[] = entries.length === 0 ? [0] : []
  let size = 0
  let last = Buffer.alloc(0)
  for (const [i, [text, value]] of entries.entries()) {
    const key = Buffer.from(text, 'latin1')
    let shared = 0
    if (i % entriesPerRestart === 0) restarts.push(size)
    else while (shared < Math.min(key.length, last.length) && key[shared] === last[shared]) shared++
    const lengths = protobuf.Writer.create()
      .uint32(shared)
      .uint32(key.length - shared)
      .uint32(value.length)
      .finish()
    const entry = Buffer.concat([lengths, key.subarray(shared), value])
    parts.push(entry)
    size += entry.length
    last = key
  }
  const tail = Buffer.alloc(4 * restarts.length + 4)
  for (const [i, offset] of [...restarts, restarts.length].entries()) tail.writeUInt32LE(offset, 4 * i)
  return Buffer.concat([...parts, tail])
}

/** Snappy without compression: literals of up to 60 bytes. */
function asLiteral(content: Buffer): Buffer {
  const parts: Uint8Array[] = [protobuf.Writer.create().uint32(content.length).finish()]
  for (let i = 0; i < content.length; i += 60) {
    const piece = content.subarray(i, i + 60)
    parts.push(Buffer.from([(piece.length - 1) << 2]), piece)
  }
  return Buffer.concat(parts)
}
