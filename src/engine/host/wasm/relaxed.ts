/**
 * Multiplication and addition in one instruction with one rounding, where engine and processor have it: WebAssembly's relaxed SIMD.
 * It doubles what a product can reach. A machine gives the same numbers in Node and in all browsers that have it.
 */
import { constant, floats, simd, vectorStore, FunctionScope, type Code } from './assembler.js'
import { compileFunction } from './functions.js'
import { heap } from './heap.js'
import { f32x4 } from './vector.js'

const relaxed = (a: Code, b: Code, c: Code): Code => simd(0x105, a, b, c)

/** a * b + c of four f32. */
export const multiplyAdd = (a: Code, b: Code, c: Code): Code =>
  hasFused() ? relaxed(a, b, c) : f32x4.add(c, f32x4.mul(a, b))

interface NodeFlags {
  readonly process?: {
    getBuiltinModule?: (name: string) => { setFlagsFromString(flag: string): void }
  }
}

let fused: boolean | undefined

/** Whether `multiplyAdd` rounds once. */
export function hasFused(): boolean {
  fused ??= isFused() || (allowRelaxed() && isFused())
  return fused
}

/** Node 20 has the instruction, but accepts it only with this flag of V8's. */
function allowRelaxed(): boolean {
  const { process } = globalThis as unknown as NodeFlags
  const v8 = process?.getBuiltinModule?.('node:v8')
  v8?.setFlagsFromString('--experimental-wasm-relaxed-simd')
  return v8 !== undefined
}

/** Tries it: (1 + 2^-12)^2 has one bit more than f32 holds. An engine may answer with two rounded operations. */
function isFused(): boolean {
  const address = heap().allocate(16)
  if (address < 0) return false
  try {
    const factor = floats(1 + 2 ** -12)
    const value = relaxed(factor, factor, floats(-1 - 2 ** -11))
    compileFunction(new FunctionScope(0), vectorStore(constant(address), value))()
    return new Float32Array(heap().buffer as ArrayBuffer, address, 1)[0] === 2 ** -24
  } catch {
    return false // CompileError: unknown instruction
  } finally {
    heap().free(address, 16)
  }
}
