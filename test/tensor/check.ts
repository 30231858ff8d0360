/** One call tests an operation: its values against an oracle on the host, its gradient against central differences. */
import assert from 'node:assert/strict'
import { DeviceArray, HOST_ARRAYS, jit, openXla, type Engine, type HostData } from '../../src/engine/index.js'
import {
  checkProgram,
  isFloat,
  sizeOf,
  spec,
  Tensor,
  trace,
  type Dim,
  type DType,
  type Value,
} from '../../src/tensor/index.js'
import { gradients } from '../../src/tensor/gradient.js'
import { numbers } from './numbers.js'

let opened: Promise<Engine> | undefined

/** The engine of this test file; the end of the process closes it. */
export function engine(): Promise<Engine> {
  return (opened ??= openXla())
}

export interface Input {
  readonly dims: readonly Dim[]
  readonly dtype?: DType
  /** Elements; seeded numbers from -2 to 2 if absent. */
  readonly values?: readonly number[]
}

export type Numbers = number | Numbers[]

export interface OpCase {
  readonly inputs: readonly (readonly Dim[] | Input)[]
  readonly run: (...inputs: any[]) => Value | readonly Value[]
  /** The same on nested arrays. */
  readonly oracle?: (...inputs: any[]) => unknown
  readonly tolerance?: number
  /** Compares the gradient too. @default true */
  readonly gradient?: boolean
  /** Keeps random numbers away from kinks: values are made from this range. */
  readonly low?: number
  readonly high?: number
}

export const TOLERANCE: Record<DType, number> = { f32: 1e-5, bf16: 1e-2, f16: 2e-3, i32: 0, u32: 0, bool: 0 }

export { numbers }

export async function checkOp({
  inputs,
  run,
  oracle,
  tolerance,
  gradient = true,
  low = -2,
  high = 2,
}: OpCase): Promise<void> {
  const next = numbers(7)
  const given = inputs.map((x): Required<Input> => {
    const input: Input = 'dims' in x ? x : { dims: x }
    const { dims, dtype = 'f32' } = input
    return {
      dims,
      dtype,
      values: input.values ?? Array.from({ length: sizeOf(dims) }, () => Math.fround(low + (high - low) * next())),
    }
  })
  const f = (...xs: Tensor[]) => [run(...xs)].flat() as Value[]
  const results = await evaluate(f, given)
  if (oracle) {
    const wanted = oracle(
      ...given.map(({ dims, values }) =>
        nest(
          values,
          dims.map(({ size }) => size),
        ),
      ),
    )
    const list = results.length === 1 ? [wanted] : (wanted as unknown[])
    results.forEach(({ dtype, values }, i) =>
      close(values, [list[i]].flat(Infinity) as number[], tolerance ?? TOLERANCE[dtype], `result ${i}`),
    )
  }
  if (gradient && given.some(({ dtype }) => dtype === 'f32')) await checkGradient(f, given)
}

/** Each input's gradient of a random weighted sum of the results, along a random direction, against central differences. */
export async function checkGradient(
  f: (...xs: Tensor[]) => readonly Value[],
  given: readonly Required<Input>[],
): Promise<void> {
  const weights = numbers(11)
  const shapes = trace(
    f,
    given.map(({ dims, dtype }) => spec(dims, dtype)),
  ).program.outputs
  const cotangents = shapes.map(({ dims, dtype }): Required<Input> => ({
    dims,
    dtype,
    values: Array.from({ length: sizeOf(dims) }, () => Math.fround(weights() - 0.5)),
  }))
  const floats = given.flatMap(({ dtype }, i) => (dtype === 'f32' ? [i] : []))
  const grads = await evaluate(
    (...xs) => {
      const ins = xs.slice(0, given.length),
        outs = f(...ins)
      const found = gradients(
        outs,
        outs.map((y, i) => (isFloat(y.dtype) ? xs[given.length + i] : null)),
        floats.map((i) => ins[i]),
      )
      return found.map((grad, at) => grad ?? ins[floats[at]].mul(0))
    },
    [...given, ...cotangents],
  )
  const objective = async (moved: readonly Required<Input>[]) => {
    const outs = await evaluate(f, moved)
    return outs.reduce(
      (sum, { dtype, values }, i) =>
        isFloat(dtype) ? values.reduce((s, y, j) => s + y * cotangents[i].values[j], sum) : sum,
      0,
    )
  }
  for (const [at, i] of floats.entries()) {
    const direction = given[i].values.map(() => weights() - 0.5)
    const step = 1e-2
    const moved = (sign: number) =>
      given.map((x, j) =>
        j === i ? { ...x, values: x.values.map((v, k) => Math.fround(v + sign * step * direction[k])) } : x,
      )
    // Richardson: two step sizes cancel the third-order term, so a large step keeps f32 noise small.
    const slope = ((await objective(moved(1))) - (await objective(moved(-1)))) / (2 * step)
    const half = ((await objective(moved(0.5))) - (await objective(moved(-0.5)))) / step
    const wanted = (4 * half - slope) / 3
    const found = grads[at].values.reduce((sum, g, k) => sum + g * direction[k], 0)
    const scale = Math.max(Math.hypot(...grads[at].values) * Math.hypot(...direction), 0.1)
    assert.ok(Math.abs(found - wanted) <= 2e-3 * scale, `gradient of input ${i}: ${found}, by differences ${wanted}`)
  }
}

export async function evaluate(
  f: (...xs: Tensor[]) => readonly Value[],
  inputs: readonly Required<Input>[],
): Promise<{ dtype: DType; values: number[] }[]> {
  const on = await engine()
  const compiled = jit(on, (...xs: Tensor[]) => f(...xs) as Tensor[], { name: 'check' })
  const arrays = inputs.map(({ dims, dtype, values }) => DeviceArray.from(on, hostData(values, dtype), dims, dtype))
  const { traced } = await compiled.prepare(...arrays)
  checkProgram(traced.program)
  const outputs = (await (compiled as any)(...arrays)) as DeviceArray[]
  const values = await Promise.all(
    outputs.map(async (y) => ({
      dtype: y.dtype,
      values: Array.from(await (isFloat(y.dtype) ? y.readFloats() : y.read())),
    })),
  )
  ;[...arrays, ...outputs].forEach((x) => x.dispose())
  compiled.dispose()
  return values
}

function hostData(values: readonly number[], dtype: DType): HostData {
  if (dtype === 'bf16' || dtype === 'f16') throw new Error('make half floats by a cast inside the function')
  return HOST_ARRAYS[dtype].from(values as number[])
}

export function close(found: readonly number[], wanted: readonly number[], tolerance: number, what: string): void {
  assert.equal(found.length, wanted.length, `${what}: ${found.length} elements, wanted ${wanted.length}`)
  const scale = Math.max(1, ...wanted.map(Math.abs).filter(Number.isFinite))
  found.forEach((x, i) => {
    const y = Number(wanted[i])
    assert.ok(Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * scale, `${what}[${i}]: ${x}, wanted ${y}`)
  })
}

export function nest(values: readonly number[], sizes: readonly number[]): Numbers {
  if (sizes.length === 0) return values[0]
  const [size, ...rest] = sizes
  const step = values.length / size
  return Array.from({ length: size }, (_, i) => nest(values.slice(i * step, (i + 1) * step), rest))
}
