/** Runs uses of operations on an engine, and compares results; also in a browser. */
import { DeviceArray, HOST_ARRAYS } from '../../../src/engine/device-array.js'
import type { Engine } from '../../../src/engine/engine.js'
import { jit } from '../../../src/engine/jit.js'
import { isFloat, type DType, type Tensor, type Value } from '../../../src/tensor/index.js'
import type { Case } from './cases.js'
import type { Given } from './random.js'

export interface Result {
  readonly dtype: DType
  readonly values: ArrayLike<number>
}

/** Results of a function of tensors for these inputs. */
export async function evaluateOn(
  engine: Engine,
  inputs: readonly Given[],
  f: (inputs: readonly Tensor[]) => readonly Value[],
): Promise<Result[]> {
  const run = jit(engine, (...xs: Tensor[]) => f(xs.map((x, i) => x.cast(inputs[i].dtype))) as readonly Tensor[], {
    name: 'compare',
  })
  const arrays = inputs.map(({ dims, dtype, values }) => {
    const kind = isFloat(dtype) ? 'f32' : dtype
    return DeviceArray.from(engine, HOST_ARRAYS[kind].from(values as number[]), dims, kind)
  })
  const outputs = (await (run as any)(...arrays)) as DeviceArray[]
  const results = await Promise.all(
    outputs.map(async (y) => ({ dtype: y.dtype, values: await (isFloat(y.dtype) ? y.readFloats() : y.read()) })),
  )
  for (const array of [...arrays, ...outputs]) array.dispose()
  run.dispose()
  return results
}

/** Several cases as one program, so that XLA compiles once. */
export async function evaluateAll(engine: Engine, cases: readonly Case[]): Promise<Result[][]> {
  const inputs = cases.flatMap((each) => each.inputs)
  const counts: number[] = []
  const results = await evaluateOn(engine, inputs, (xs) => {
    let next = 0
    counts.length = 0
    return cases.flatMap((each) => {
      const outputs = each.run(xs.slice(next, (next += each.inputs.length)))
      counts.push(outputs.length)
      return outputs
    })
  })
  let next = 0
  return counts.map((count) => results.slice(next, (next += count)))
}

/** Largest differences allowed, against the largest number of an array or 1. */
export const TOLERANCE: Record<DType, number> = { f32: 1e-5, bf16: 1.6e-2, f16: 2e-3, i32: 0, u32: 0, bool: 0 }

export function assertClose(found: Result, wanted: Result, what: string, halves = 1): void {
  if (found.values.length !== wanted.values.length) throw new Error(`${what}: another number of elements`)
  let largest = 1
  for (let i = 0; i < wanted.values.length; i++)
    if (Number.isFinite(wanted.values[i])) largest = Math.max(largest, Math.abs(wanted.values[i]))
  const allowed = TOLERANCE[wanted.dtype] * largest * (wanted.dtype === 'f32' ? 1 : halves)
  for (let i = 0; i < wanted.values.length; i++) {
    const [x, y] = [found.values[i], wanted.values[i]]
    const same = x === y || Object.is(x, y) || Math.abs(x - y) <= allowed
    if (!same) throw new Error(`${what}: element ${i} must be ${y} (got ${x})`)
  }
}
