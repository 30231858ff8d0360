import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { XlaEngine } from '../../src/engine/index.js'
import type { LayerMode } from '../../src/model/index.js'
import { openSafetensors } from '../../src/files/index.js'

/** A file of recorded cases, NAME.json. */
export interface CaseFile {
  readonly path: string
  readonly name: string
  readonly json: any
}

/** What replays run on. */
export interface Workshop {
  /** Engines of so many devices, opened once. @default 1 */
  engine(devices?: number): Promise<XlaEngine>
  readonly layers: LayerMode
}

/** Opens `path`, with or without its .json. */
export async function openCaseFile(path: string): Promise<CaseFile> {
  const base = path.replace(/\.(json|safetensors)$/, '')
  // Python writes NaN, which JSON has not.
  const text = (await readFile(`${base}.json`, 'utf8')).replace(/(?<=[:[,]\s*)-?(NaN|Infinity)\b/g, 'null')
  return { path: `${base}.json`, name: basename(base), json: JSON.parse(text) }
}

/** The tensors of NAME.safetensors beside NAME.json. */
export async function openTensors({ path }: CaseFile) {
  const file = await openSafetensors(path.replace(/json$/, 'safetensors'))
  const read = async <T>(name: string, view: new (buffer: ArrayBuffer, at: number, length: number) => T) => {
    const { data, shape } = await file.read(name)
    return { shape, data: new view(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength / 4) }
  }
  return {
    names: [...file.tensors.keys()],
    shape: (name: string) => file.tensors.get(name)!.shape,
    has: (name: string) => file.tensors.has(name),
    floats: async (name: string) => (await read(name, Float32Array)).data,
    ids: async (name: string) => {
      const { data, shape } = await read(name, Int32Array)
      const width = shape.at(-1)!
      return Array.from({ length: data.length / width }, (_, row) => [...data.subarray(row * width, (row + 1) * width)])
    },
    close: () => file.close(),
  }
}
