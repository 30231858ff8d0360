import { DeviceArray } from '../engine/device-array.js'
import { floatsToBf16 } from '../engine/half.js'
import type { Engine, HostData } from '../engine/index.js'
import type { Checkpoint } from '../checkpoint/index.js'
import { intersection, paste, wholeBlock } from '../mesh/index.js'
import type { ParameterSpec } from '../model/index.js'
import { sizeOf } from '../tensor/index.js'
import { padData, stripDataPadding, unpaddedDims } from '../model/index.js'
import type { Slot } from './optimizers/index.js'

/** One variable of a checkpoint: row-major f32 of one layer. */
export interface Variable {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Name of a slot of a variable: `gpt2/wte/adam_m`, or `gpt2/wte_slot_vr` for those that begin with an underscore. */
export function slotName(variable: string, slot: Slot | null): string {
  if (slot === null) return variable
  return slot.name.startsWith('_') ? variable + slot.name : `${variable}/${slot.name}`
}

/**
 * The array of a parameter (or of a slot of it) from the variables of its layers, each fetched when it is needed; rounded to bf16
 * on request. With `readBlock` a process of several reads the blocks that its devices hold alone.
 */
export async function arrayFrom(
  engine: Engine,
  spec: ParameterSpec,
  slot: Slot | null,
  read: (name: string, shape: readonly number[]) => Promise<Float32Array>,
  dtype: 'f32' | 'bf16' = 'f32',
  readBlock?: Checkpoint['readBlock'],
): Promise<DeviceArray> {
  const { dims, shape } = slot ?? spec
  if (readBlock && engine.process.count > 1)
    return DeviceArray.from(engine, await localNumbers(engine, spec, slot, readBlock), dims, 'f32', 'parameters')
  const logical = unpaddedDims(dims, spec)
  const each = sizeOf(logical) / spec.names.length
  const data =
    spec.names.length === 1 ? await read(slotName(spec.name, slot), shape) : new Float32Array(each * spec.names.length)
  if (spec.names.length > 1)
    for (const [i, name] of spec.names.entries()) data.set(await read(slotName(name, slot), shape), i * each)
  const padded = padData(data, logical, dims)
  return DeviceArray.from(engine, dtype === 'bf16' ? floatsToBf16(padded) : padded, dims, dtype, 'parameters')
}

/** Row-major numbers of an array, with zeros where no device of this process holds them. */
async function localNumbers(
  engine: Engine,
  spec: ParameterSpec,
  slot: Slot | null,
  readBlock: Checkpoint['readBlock'],
): Promise<Float32Array> {
  const { dims, shape } = slot ?? spec
  const logical = unpaddedDims(dims, spec)
  const isStacked = spec.names.length > 1
  const grid = (isStacked ? logical.slice(1) : logical).map(({ size }) => size)
  const numbers = new Float32Array(sizeOf(dims))
  for (const block of engine.localBlocks(dims, 'parameters')) {
    const inside = intersection(block, wholeBlock(logical))
    if (inside === null) continue // padding alone
    const { starts, sizes } = inside
    if (!isStacked) paste(numbers, dims, inside, await readBlock(slotName(spec.name, slot), shape, grid, inside))
    else
      for (let layer = starts[0]; layer < starts[0] + sizes[0]; layer++) {
        const part = { starts: starts.slice(1), sizes: sizes.slice(1) }
        const values = await readBlock(slotName(spec.names[layer], slot), shape, grid, part)
        paste(numbers, dims, { starts: [layer, ...part.starts], sizes: [1, ...part.sizes] }, values)
      }
  }
  return numbers
}

/** The variables of a parameter's array, one per layer. */
export function variablesOf(spec: ParameterSpec, slot: Slot | null, data: HostData): Variable[] {
  const { dims } = slot ?? spec
  const numbers = stripDataPadding(data, dims, unpaddedDims(dims, spec)) as Float32Array
  const each = numbers.length / spec.names.length
  return spec.names.map((name, i) => ({
    name: slotName(name, slot),
    shape: (slot ?? spec).shape,
    data: numbers.subarray(i * each, (i + 1) * each),
  }))
}
