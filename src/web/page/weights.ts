/** Weights of a safetensors file from the server, f32. It comes from the same export, so its header is trusted. */
import { files } from '../messages.js'

/** Reads a variable. Throws Error if the file does not have it in this shape. */
export type ReadWeights = (name: string, shape: readonly number[]) => Promise<Float32Array>

/** Fetches all weights; reports the bytes received. */
export async function fetchWeights(
  folder: string,
  onProgress: (bytes: number, totalBytes: number) => void,
): Promise<ReadWeights> {
  const bytes = await fetchBytes(folder, files.weights, onProgress)
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<string, Entry>
  return async (name, shape) => {
    const entry = Object.hasOwn(header, name) ? header[name] : undefined
    if (entry?.dtype !== 'F32' || entry.shape.join() !== shape.join())
      throw new Error(`${files.weights} has no f32 "${name}" [${shape.join(', ')}]. Export the folder again`)
    const [begin, end] = entry.data_offsets
    return new Float32Array(bytes.buffer, start + begin, (end - begin) / 4)
  }
}

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** Fetches a file of the folder at an address. Throws Error that says what to do. */
export async function fetchFile(folder: string, name: string): Promise<Response> {
  const response = await fetch(new URL(name, folder)).catch((cause: Error) => {
    throw new Error(`cannot load ${name}: ${cause.message}. Is the server still running?`)
  })
  if (!response.ok) throw new Error(`cannot load ${name}: ${response.status} ${response.statusText}. Export again`)
  return response
}

/** Content-Length counts what is sent, which may be compressed: it is only a first guess of the size. */
async function fetchBytes(
  folder: string,
  name: string,
  onProgress: (bytes: number, totalBytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetchFile(folder, name)
  let bytes = new Uint8Array(Number(response.headers.get('content-length') ?? 0))
  let length = 0
  const reader = response.body!.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (length + part.value.length > bytes.length) {
      const larger = new Uint8Array(Math.max(length + part.value.length, 2 * bytes.length))
      larger.set(bytes.subarray(0, length))
      bytes = larger
    }
    bytes.set(part.value, length)
    length += part.value.length
    onProgress(length, bytes.length)
  }
  return bytes
}
