/**
 * Unpacks zstd archives of any window, and verifies the checksum of each frame that has one. (zstd compiled to
 * WebAssembly takes windows of 1 GiB at most, and allocates them at once; fzstd verifies nothing.) Source: RFC 8878.
 */
import xxhash, { type XXHashAPI } from 'xxhash-wasm'
import { decodeBlock, startFrame } from './block.js'
import { ZstdError } from './error.js'
import { blockBytes, History } from './history.js'
import { InputBytes } from './input-bytes.js'

export { ZstdError } from './error.js'

const magic = 0xfd2fb528

/** The content of all frames, a block at a time. Throws ZstdError, or what reading the pieces throws. */
export async function* unzstd(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const input = new InputBytes(pieces)
  const hashes = await xxhash()
  try {
    if (await input.atEnd()) throw new ZstdError('it is empty')
    do {
      const id = uint32(await input.take(4))
      if (id === magic) yield* unpackFrame(input, hashes)
      else if (id >>> 4 === 0x184d2a5) await input.skip(uint32(await input.take(4)))
      else throw new ZstdError('no frame begins where one must')
    } while (!(await input.atEnd()))
  } finally {
    await input.close()
  }
}

async function* unpackFrame(input: InputBytes, hashes: XXHashAPI): AsyncGenerator<Buffer> {
  const { windowBytes, contentBytes, hasChecksum } = await readHeader(input)
  const state = startFrame(new History(windowBytes))
  const hash = hasChecksum ? hashes.create64() : undefined
  let total = 0
  for (let last = false; !last;) {
    const header = await input.take(3)
    const bits = header[0] | (header[1] << 8) | (header[2] << 16)
    last = (bits & 1) === 1
    const block = await unpackBlock(state, input, (bits >> 1) & 3, bits >> 3, windowBytes)
    total += block.length
    hash?.update(block)
    if (block.length > 0) yield block
  }
  if (contentBytes !== undefined && contentBytes !== total) throw new ZstdError('its size is not the one it states')
  if (hash !== undefined && Number(hash.digest() & 0xffffffffn) !== uint32(await input.take(4)))
    throw new ZstdError('the checksum does not match')
}

/** What follows the magic number. Source: RFC 8878, 3.1.1.1. */
async function readHeader(input: InputBytes) {
  const [descriptor] = await input.take(1)
  const singleSegment = (descriptor & 32) !== 0
  if ((descriptor & 8) !== 0) throw new ZstdError('a reserved bit is set')
  let windowBytes = 0
  if (!singleSegment) {
    const [window] = await input.take(1)
    const base = 2 ** (10 + (window >> 3))
    windowBytes = base + (base / 8) * (window & 7)
  }
  const dictionary = await input.take([0, 1, 2, 4][descriptor & 3])
  if (dictionary.some((byte) => byte !== 0))
    throw new ZstdError('it was made with a dictionary, which is not supported')
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]
  const size = await input.take(sizeBytes)
  let contentBytes = sizeBytes === 0 ? undefined : sizeBytes === 2 ? 256 : 0
  for (let i = 0; i < sizeBytes; i++) contentBytes! += size[i] * 2 ** (8 * i)
  return {
    windowBytes: singleSegment ? contentBytes! : windowBytes,
    contentBytes,
    hasChecksum: (descriptor & 4) !== 0,
  }
}

async function unpackBlock(
  state: ReturnType<typeof startFrame>,
  input: InputBytes,
  type: number,
  size: number,
  windowBytes: number,
): Promise<Buffer> {
  if (type === 3) throw new ZstdError('a block is of a reserved type')
  if (size > blockBytes) throw new ZstdError('a block is too long')
  const bytes = await input.take(type === 1 ? 1 : size)
  const { history } = state
  try {
    history.reserve()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const gib = (windowBytes / 2 ** 30).toLocaleString('en-US', { maximumFractionDigits: 2 })
    throw new ZstdError(`its window of ${gib} GiB does not fit into memory`, { cause })
  }
  const start = history.end
  if (type === 0) history.bytes.set(bytes, start)
  else if (type === 1) history.bytes.fill(bytes[0], start, start + size)
  if (type === 2) decodeBlock(state, bytes, 0, bytes.length)
  else history.end += size
  return Buffer.from(history.bytes.subarray(start, history.end))
}

function uint32(bytes: Uint8Array): number {
  return (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0
}
