import { EngineError } from '../../engine.js'
import type { Kernel } from '../kernel.js'
import type { Numbers } from '../arrays.js'
import { assemble, MOST_PAGES, type Code, type FunctionScope } from './assembler.js'
import { heap } from './heap.js'
import { Team, type Call, type Portable } from './team.js'

declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> }
}

/** A function in WebAssembly; its arguments are addresses and counts. */
export type WasmFunction = (...parameters: number[]) => void

const compiled = new Map<string, WasmFunction>()
const portable = new Map<WasmFunction, Portable>()

/** JavaScript says NaN where IEEE 754 says 1: 1 to any power, and -1 to an infinite one. */
const power = (a: number, b: number) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b))
const { sin, cos, expm1, log1p } = Math
const IMPORTS = { sin, cos, expm1, log1p, pow: power, remainder: (a: number, b: number) => a % b }

/** Compiles a function, which works on the heap. Equal ones, as those of a model's layers, are compiled once. */
export function compileFunction(scope: FunctionScope, body: Code): WasmFunction {
  const { memory, shared } = heap()
  const bytes = assemble(scope, body, shared)
  const key = bytes.join()
  let made = compiled.get(key)
  if (!made) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { m: memory, ...IMPORTS } })
    made = exports.f as WasmFunction
    compiled.set(key, made)
    portable.set(made, { id: compiled.size, bytes })
  }
  return made
}

let team: Team | null = null

/** Lets this many threads share the work, this one included; false where memory cannot be shared. */
export function useThreads(threads: number): boolean {
  team?.end()
  team = null
  if (threads < 2) return true
  if (!heap().shared) return false
  try {
    team = new Team(heap(), threads, (run) => portable.get(run)!)
    return true
  } catch {
    return false // a page that is not isolated
  }
}

/** Threads that work now: one until the others have started. */
export const threadCount = (): number => team?.size ?? 1

/** Runs a list of calls in each thread, the first one here. */
export function runInThreads(lists: readonly (readonly Call[])[]): void {
  if (team) team.run(lists)
  else for (const { run, parameters } of lists.flat()) run(...parameters)
}

/** Work that is worth more than the call of another thread, in elements of simple loops. */
const LEAST_WORK = 1 << 15

/** Parts of [0, count) for each thread, at multiples of `step`; those that are empty are left out. */
export function partsOf(count: number, step: number): { start: number; end: number }[] {
  const each = Math.ceil(count / threadCount() / step) * step
  return Array.from({ length: Math.ceil(count / each) }, (_, i) => ({
    start: i * each,
    end: Math.min(count, (i + 1) * each),
  }))
}

/** Calls a function whose last parameters are the first turn and the end of its loop, with parts of the turns in each thread. */
export function callInParts(run: WasmFunction, parameters: readonly number[], turns: number, work: number): void {
  if (!team || work < LEAST_WORK || turns < 2) return run(...parameters, 0, turns)
  // Parts of a single loop over elements end at cache lines.
  const parts = partsOf(turns, turns === work ? 64 : 1)
  runInThreads(parts.map(({ start, end }) => [{ run, parameters: [...parameters, start, end] }]))
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
