/** Variables on their way from one format to another: listed at once, their numbers fetched one by one. */
import type { SavedVariable } from '../checkpoint/index.js'
import { productOf } from '../tensor/index.js'

/** Variables under GPT-Neo's names and in its layout, f32. Close it when done: `data` works until then. */
export interface VariableSource {
  readonly variables: readonly SavedVariable[]
  close(): Promise<void>
}

/** How far a conversion is. */
export interface ConvertProgress {
  /** The tensor that has just been converted. */
  readonly name: string
  readonly tensors: number
  readonly totalTensors: number
  /** Of f32, as all bytes here. */
  readonly bytes: number
  readonly totalBytes: number
}

export interface ConvertOptions {
  onProgress?: (progress: ConvertProgress) => void
  /** Stops the conversion; nothing is left of what was written. */
  signal?: AbortSignal
}

/** What a conversion has done. */
export interface ConvertTotals {
  /** The folder written. */
  readonly output: string
  readonly tensors: number
  /** Numbers of the model; those of optimizer slots are not counted. */
  readonly parameters: number
  readonly bytes: number
  /** What a person should know: what was left out or is missing. */
  readonly notes: readonly string[]
}

/** Number of elements of all variables together. */
export function sumOfElements(variables: readonly { readonly shape: readonly number[] }[]): number {
  return variables.reduce((sum, { shape }) => sum + productOf(shape), 0)
}

/** The same variables, whose fetching is reported and can be stopped. */
export function withProgress<V extends SavedVariable>(
  variables: readonly V[],
  { onProgress, signal }: ConvertOptions,
): V[] {
  const totalBytes = 4 * sumOfElements(variables)
  let tensors = 0
  let bytes = 0
  return variables.map((variable) => ({
    ...variable,
    async data() {
      signal?.throwIfAborted()
      const data = await variable.data()
      bytes += data.byteLength
      tensors++
      onProgress?.({ name: variable.name, tensors, totalTensors: variables.length, bytes, totalBytes })
      return data
    },
  }))
}

/** The variables of a source one after another; each one's data has to be fetched before the next is asked for. */
export async function* streamed(opening: Promise<VariableSource>): AsyncGenerator<SavedVariable> {
  const source = await opening
  try {
    yield* source.variables
  } finally {
    await source.close()
  }
}
