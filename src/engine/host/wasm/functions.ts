import { EngineError } from '../../engine.js'
import type { Kernel } from '../kernel.js'
import type { Numbers } from '../arrays.js'
import { assemble, MOST_PAGES, type Code, type FunctionScope } from './assembler.js'
import { heap, perHeap } from './heap.js'

declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> }
}

/** A function in WebAssembly; its arguments are addresses and counts. */
export type WasmFunction = (...parameters: number[]) => void

const compiled = perHeap(() => new Map<string, WasmFunction>())
const portable = new WeakMap<WasmFunction, Portable>()

/** What of a function other threads need: its number, and its module. */
export interface Portable {
  readonly id: number
  readonly bytes: Uint8Array
}
export const portableOf = (run: WasmFunction): Portable => portable.get(run)!

/** JavaScript says NaN where IEEE 754 says 1: 1 to any power, and -1 to an infinite one. */
export const power = (a: number, b: number) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b))
const { sin, cos, expm1, log1p } = Math
const IMPORTS = { sin, cos, expm1, log1p, pow: power, remainder: (a: number, b: number) => a % b }

/** Compiles a function, which works on the heap. Equal ones, as those of a model's layers, are compiled once. */
export function compileFunction(scope: FunctionScope, body: Code): WasmFunction {
  const { memory, shared } = heap()
  const bytes = assemble(scope, body, shared)
  const key = bytes.join()
  const known = compiled()
  let made = known.get(key)
  if (!made) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { m: memory, ...IMPORTS } })
    made = exports.f as WasmFunction
    known.set(key, made)
    portable.set(made, { id: known.size, bytes })
  }
  return made
}

/** A kernel that gets addresses in the heap. Arrays outside of it are copied there and back. */
export function onHeap(run: (inputs: readonly number[], outputs: readonly number[]) => void): Kernel {
  return (inputs, outputs) => {
    const copies: { address: number; bytes: number }[] = []
    const copied = (numbers: Numbers): Numbers => {
      const address = heap().allocate(numbers.byteLength, MOST_PAGES)
      if (address < 0) throw outOfMemory(numbers.byteLength)
      copies.push({ address, bytes: numbers.byteLength })
      return new (numbers.constructor as typeof Float32Array)(heap().buffer, address, numbers.length)
    }
    const reads = inputs.map((x) => {
      if (heap().owns(x)) return x.byteOffset
      const copy = copied(x)
      copy.set(x)
      return copy.byteOffset
    })
    const made = outputs.map((y) => (heap().owns(y) ? y : copied(y)))
    run(
      reads,
      made.map((y) => y.byteOffset),
    )
    made.forEach((y, i) => {
      if (y !== outputs[i]) outputs[i].set(y)
    })
    for (const { address, bytes } of copies) heap().free(address, bytes)
  }
}

/** Runs with the addresses of scratch memory for each of these counts of 32-bit words. */
export function withScratch(counts: readonly number[], run: (addresses: readonly number[]) => void): void {
  const blocks: { address: number; bytes: number }[] = []
  try {
    for (const count of counts) {
      const address = heap().allocate(4 * count, MOST_PAGES)
      if (address < 0) throw outOfMemory(4 * count)
      blocks.push({ address, bytes: 4 * count })
    }
    run(blocks.map(({ address }) => address))
  } finally {
    for (const { address, bytes } of blocks) heap().free(address, bytes)
  }
}

const outOfMemory = (bytes: number) =>
  new EngineError(
    `the engine host must have room for ${bytes} more bytes in its 4 GiB of memory. Use a smaller batch, or --engine xla.`,
  )
