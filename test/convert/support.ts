/** What the tests of this room share: copies of fixtures, a model's logits from its variables, comparisons. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ModelConfig } from '../../src/config/index.js'
import type { ReadVariable } from '../../src/convert/index.js'
import { DeviceArray, jit } from '../../src/engine/index.js'
import { openSafetensors, writeSafetensors, type StoredTensor } from '../../src/files/index.js'
import { logits, modelShape, parametersOf, scopeOf, type Parameters } from '../../src/model/index.js'
import { dim, type Tensor } from '../../src/tensor/index.js'
import type { SavedVariable } from '../../src/checkpoint/index.js'
import { arrayFrom } from '../../src/train/parameters.js'
import { temporaryFolder } from '../files/temporary-folder.js'
import { fixture } from '../model/goldens.js'
import { engine } from '../tensor/check.js'

export const tensorflow = (name: string) => fixture(`convert/tensorflow/${name}`)
export const original = fixture('convert/original')
export const huggingFace = (name: string) => fixture(`convert/hugging-face/${name}`)

/** A copy of a fixture's folder that a test may damage. */
export function copyOf(test: TestContext, folder: string): string {
  const copy = join(temporaryFolder(test), 'copy')
  cpSync(folder, copy, { recursive: true })
  return copy
}

export async function tensorsOf(path: string): Promise<Map<string, StoredTensor>> {
  const file = await openSafetensors(path)
  const tensors = new Map<string, StoredTensor>()
  for (const name of file.tensors.keys()) tensors.set(name, await file.read(name))
  await file.close()
  return tensors
}

/** Changes a safetensors file in place. */
export async function rewrite(path: string, change: (tensors: Map<string, StoredTensor>) => void): Promise<void> {
  const tensors = await tensorsOf(path)
  change(tensors)
  await writeSafetensors(path, tensors.values(), { metadata: { format: 'pt' } })
}

/** The variables, read in order. */
export async function collected(variables: AsyncIterable<SavedVariable> | Iterable<SavedVariable>) {
  const all = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  for await (const { name, shape, data } of variables) all.set(name, { shape, data: await data() })
  return all
}

/** Bit for bit. */
export function assertSame(found: ArrayBufferView, wanted: ArrayBufferView, name: string): void {
  const bytes = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  assert.ok(bytes(found).equals(bytes(wanted)), `${name}: its bytes differ`)
}

/** Logits [rows, length, n_vocab] of ids [rows, length]. */
export async function logitsFor(config: ModelConfig, read: ReadVariable, ids: Int32Array, rows: number) {
  const length = ids.length / rows
  const model = modelShape(config, { batch: rows, sequence: length })
  const specs = parametersOf(model, 'unroll')
  const xla = await engine()
  const values: Record<string, DeviceArray> = {}
  for (const spec of specs) values[spec.name] = await arrayFrom(xla, spec, null, read)
  const run = jit(
    xla,
    (parameters: Parameters, rowsOfIds: Tensor) =>
      logits(scopeOf(model, specs, parameters, 'unroll'), rowsOfIds as Tensor<'batch' | 'sequence'>, model),
    { name: 'logits' },
  )
  const batch = DeviceArray.from(xla, ids, [dim('batch', rows), dim('sequence', length)], 'i32')
  const found = (await run(values as never, batch as never)) as unknown as DeviceArray
  return (await found.read()) as Float32Array
}
