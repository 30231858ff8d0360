/**
 * Sorted tables of keys and values in the layout of LevelDB: data blocks, an index block that says where they lie, a
 * footer. Keys share prefixes with the key before them. Source: LevelDB doc/table_format.md;
 * tensorflow/core/lib/io/table.cc.
 */
import protobuf from 'protobufjs/minimal.js'
import { FileError, maskedCrc32c } from '../../files/index.js'
import { uncompressSnappy } from './snappy.js'

export interface TableEntry {
  readonly key: Buffer
  readonly value: Buffer
}

/** Where a block lies, its trailer left out. */
interface BlockHandle {
  readonly offset: number
  readonly size: number
}

/** Two block handles padded to 40 bytes, then the magic number. */
const footerBytes = 48
const magic = 0xdb4775248b80fb57n
/** After each block: its compression (1 byte) and the masked CRC-32C of block and compression. */
const trailerBytes = 5
/** Of a key: names of variables have some hundred. Keys share prefixes, so that few bytes could stand for many. */
const mostKeyBytes = 4096
const compressions = { none: 0, snappy: 1 }

/** Whether a file has the last bytes of a table. */
export function endsAsTable(file: Buffer): boolean {
  return file.length >= footerBytes && file.readBigUInt64LE(file.length - 8) === magic
}

/** All entries of a table, in order, each block's checksum checked. Throws FileError in one line that names `path`. */
export function* readTable(file: Buffer, path: string): Generator<TableEntry> {
  const wrong = (what: string) => new FileError(`${path} is not a sound checkpoint index: ${what}`, path)
  const footer = footerOf(file, wrong)
  for (const { value } of entriesOf(blockAt(file, footer, 'the index block', wrong), wrong)) {
    const handle = within('a block handle', wrong, () => handleAt(protobuf.Reader.create(value)))
    yield* entriesOf(blockAt(file, handle, 'a block', wrong), wrong)
  }
}

type Wrong = (what: string) => FileError

/** The handle of the index block. */
function footerOf(file: Buffer, wrong: Wrong): BlockHandle {
  if (file.length < footerBytes) throw wrong(`it has ${file.length} bytes, fewer than its footer. Copy it again`)
  const footer = file.subarray(file.length - footerBytes)
  if (!endsAsTable(footer))
    throw wrong('its last 8 bytes are not those of a table. It is another kind of file, or cut off: copy it again')
  return within('the footer', wrong, () => {
    const reader = protobuf.Reader.create(footer)
    handleAt(reader) // of the meta index, which TensorFlow leaves empty
    return handleAt(reader)
  })
}

function handleAt(reader: protobuf.Reader): BlockHandle {
  return { offset: Number(reader.uint64()), size: Number(reader.uint64()) }
}

function blockAt(file: Buffer, { offset, size }: BlockHandle, what: string, wrong: Wrong): Buffer {
  const end = offset + size
  if (end + trailerBytes + footerBytes > file.length)
    throw wrong(`${what} would end at byte ${end + trailerBytes} of ${file.length}. Copy it again`)
  if (maskedCrc32c(file, offset, end + 1) !== file.readUInt32LE(end + 1))
    throw wrong(`the checksum of ${what} at byte ${offset} does not match. Copy it again`)
  const block = file.subarray(offset, end)
  const compression = file[end]
  if (compression === compressions.none) return block
  if (compression === compressions.snappy)
    return within(`${what} at byte ${offset}`, wrong, () => Buffer.from(uncompressSnappy(block)))
  throw wrong(`${what} at byte ${offset} has compression ${compression}; 0 (none) and 1 (snappy) are known`)
}

/**
 * Entries one after another, each: length shared with the last key, length of the rest, length of the value (varints),
 * rest of the key, value. The block ends with the offsets of the keys written in full, for searching, and their count.
 */
function* entriesOf(block: Buffer, wrong: Wrong): Generator<TableEntry> {
  const restarts = block.length < 4 ? Infinity : block.readUInt32LE(block.length - 4)
  const end = block.length - 4 - 4 * restarts
  if (end < 0) throw wrong('a block is too short for its list of restarts')
  const reader = protobuf.Reader.create(block.subarray(0, end))
  let key = Buffer.alloc(0)
  while (reader.pos < end) {
    const [shared, rest, length] = within('an entry', wrong, () => [reader.uint32(), reader.uint32(), reader.uint32()])
    const valueStart = reader.pos + rest
    if (shared + rest > mostKeyBytes) throw wrong(`a key would have ${shared + rest} bytes`)
    if (shared > key.length || valueStart + length > end) throw wrong('an entry goes beyond its block')
    key = Buffer.concat([key.subarray(0, shared), block.subarray(reader.pos, valueStart)])
    reader.pos = valueStart + length
    yield { key, value: block.subarray(valueStart, reader.pos) }
  }
}

/** Runs a parser; an error is reported with `what` it was reading. */
function within<T>(what: string, wrong: Wrong, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw wrong(`${what} cannot be read (${(cause as Error).message})`)
  }
}
