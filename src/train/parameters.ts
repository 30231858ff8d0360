import { DeviceArray } from '../engine/device-array.js'
import { floatsToBf16 } from '../engine/half.js'
import type { Engine, HostData } from '../engine/index.js'
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
 * on request.
 */
export async function arrayFrom(
  engine: Engine,
  spec: ParameterSpec,
  slot: Slot | null,
  read: (name: string, shape: readonly number[]) => Promise<Float32Array>,
  dtype: 'f32' | 'bf16' = 'f32',
): Promise<DeviceArray> {
  const { dims, shape } = slot ?? spec
  const logical = unpaddedDims(dims, spec)
  const each = sizeOf(logical) / spec.names.length
  const data =
    spec.names.length === 1 ? await read(slotName(spec.name, slot), shape) : new Float32Array(each * spec.names.length)
  if (spec.names.length > 1)
    for (const [i, name] of spec.names.entries()) data.set(await read(slotName(name, slot), shape), i * each)
  const padded = padData(data, logical, dims)
  return DeviceArray.from(engine, dtype === 'bf16' ? floatsToBf16(padded) : padded, dims, dtype, 'parameters')
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
