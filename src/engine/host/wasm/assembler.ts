/**
 * An assembler of WebAssembly: instructions as bytes, and a module of one function that works on an imported memory.
 * Source: WebAssembly core specification 2.0, chapter 5 (binary format).
 */

/** Bytes of instructions. */
export type Code = readonly number[]

export const I32 = 0x7f
export const F64 = 0x7c
export const V128 = 0x7b
export type ValueType = typeof I32 | typeof F64 | typeof V128

/** Functions of JavaScript that a module may import: each takes and returns f64. */
export type Imported = 'sin' | 'cos' | 'expm1' | 'log1p' | 'pow' | 'remainder'
const PARAMETERS: Record<Imported, number> = { sin: 1, cos: 1, expm1: 1, log1p: 1, pow: 2, remainder: 2 }

/** The variables of a function, and what it imports. The first variables are its parameters, all i32. */
export class FunctionScope {
  private readonly types: ValueType[] = []
  readonly imports: Imported[] = []

  constructor(readonly parameters: number) {}

  /** A new variable's number. */
  local(type: ValueType): number {
    return this.parameters + this.types.push(type) - 1
  }

  /** Calls an imported function, whose arguments are on the stack. */
  call(name: Imported): Code {
    if (!this.imports.includes(name)) this.imports.push(name)
    return [0x10, ...unsigned(this.imports.indexOf(name))]
  }

  get locals(): readonly ValueType[] {
    return this.types
  }
}

const unsigned = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)])
const signed = (n: number): number[] => (n >= -64 && n < 64 ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signed(n >> 7)])
const list = (items: readonly Code[]) => [...unsigned(items.length), ...items.flat()]
const sized = (bytes: Code) => [...unsigned(bytes.length), ...bytes]
const text = (letters: string) => sized([...letters].map((letter) => letter.charCodeAt(0)))
const section = (id: number, items: readonly Code[]) => [id, ...sized(list(items))]

/** Most pages of 64 KiB that a memory can have: 4 GiB. */
export const MOST_PAGES = 65536

/** A module that imports a memory "m" "m" and functions of "m", and exports its function as "f". */
export function assemble(scope: FunctionScope, body: Code, shared: boolean): Uint8Array<ArrayBuffer> {
  const { imports, parameters, locals } = scope
  const types = [
    [0x60, ...list(Array(parameters).fill([I32])), 0],
    ...imports.map((name) => [0x60, ...list(Array(PARAMETERS[name]).fill([F64])), 1, F64]),
  ]
  const memory = [...text('m'), ...text('m'), 2, ...(shared ? [3, 0, ...unsigned(MOST_PAGES)] : [0, 0])]
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [memory, ...imports.map((name, i) => [...text('m'), ...text(name), 0, ...unsigned(1 + i)])]),
    ...section(3, [[0]]),
    ...section(7, [[...text('f'), 0, ...unsigned(imports.length)]]),
    ...section(10, [sized([...list(locals.map((type) => [1, type])), ...body, 0x0b])]),
  ])
}

export const get = (local: number): Code => [0x20, ...unsigned(local)]
export const set = (local: number, value: Code = []): Code => [...value, 0x21, ...unsigned(local)]
/** Sets a variable and leaves its value on the stack. */
export const tee = (local: number, value: Code = []): Code => [...value, 0x22, ...unsigned(local)]

export const constant = (n: number): Code => [0x41, ...signed(n)]
export const add = (a: Code, b: Code): Code => [...a, ...b, 0x6a]
export const subtract = (a: Code, b: Code): Code => [...a, ...b, 0x6b]
export const multiply = (a: Code, b: Code): Code => [...a, ...b, 0x6c]
export const equal = (a: Code, b: Code): Code => [...a, ...b, 0x46]
/** Comparison of signed integers: a >= b. */
export const atLeast = (a: Code, b: Code): Code => [...a, ...b, 0x4e]
export const increase = (local: number, by: Code): Code => set(local, add(get(local), by))
export const load32 = (address: Code, offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)]
export const load8 = (address: Code, offset = 0): Code => [...address, 0x2d, 0, ...unsigned(offset)]

export const when = (condition: Code, then: Code, otherwise?: Code): Code => [
  ...condition,
  ...[0x04, 0x40, ...then],
  ...(otherwise ? [0x05, ...otherwise] : []),
  0x0b,
]

/** Repeats the body, at least once, while the condition after it is not 0. */
export const repeatWhile = (body: Code, condition: Code): Code => [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b]

/** Repeats the body as often as the counter says, which has to be at least 1 and ends at 0. */
export const countDown = (counter: number, body: Code): Code =>
  repeatWhile(body, tee(counter, subtract(get(counter), constant(1))))

/** Code of each number below `count`, in order. */
export const each = (count: number, write: (i: number) => Code): Code =>
  Array.from({ length: count }, (_, i) => write(i)).flat()

/** An instruction of SIMD by its number, after its operands. */
export const simd = (code: number, ...operands: readonly Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(code)]
const memory = (code: number, align: number, address: Code, offset: number, value: Code = []): Code => [
  ...[...address, ...value, 0xfd, ...unsigned(code)],
  ...[align, ...unsigned(offset)],
]
export const vectorLoad = (address: Code, offset = 0): Code => memory(0, 2, address, offset)
export const vectorStore = (address: Code, value: Code, offset = 0): Code => memory(11, 2, address, offset, value)
/** One number of 32 bits in all four lanes. */
export const loadSplat = (address: Code, offset = 0): Code => memory(9, 2, address, offset)
/** One number of 32 bits in the first lane, zeros in the others. */
export const loadOne = (address: Code, offset = 0): Code => memory(0x5c, 2, address, offset)
export const loadLane = (lane: number, address: Code, value: Code, offset = 0): Code => [
  ...memory(0x56, 2, address, offset, value),
  lane,
]
export const storeLane = (lane: number, address: Code, value: Code, offset = 0): Code => [
  ...memory(0x5a, 2, address, offset, value),
  lane,
]
export const storeByte = (lane: number, address: Code, value: Code, offset = 0): Code => [
  ...memory(0x58, 0, address, offset, value),
  lane,
]
/** Four words of 32 bits in order, as a constant vector. */
export const words = (...four: readonly number[]): Code => [
  ...[0xfd, 12],
  ...four.flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 255)),
]
const single = new Float32Array(1)
const bits = new Int32Array(single.buffer)
export const integers = (n: number): Code => words(n, n, n, n)
export const floats = (x: number): Code => {
  single[0] = x
  return integers(bits[0])
}
/** Lanes of 32 bits by number: 0 to 3 of a, 4 to 7 of b. */
export const shuffle = (a: Code, b: Code, lanes: readonly number[]): Code => [
  ...simd(13, a, b),
  ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
]
/** A lane of four f32 as f64. */
export const floatLane = (vector: Code, lane: number): Code => [...vector, 0xfd, ...unsigned(0x1f), lane, 0xbb]
/** The vector with an f64 as one of its four f32. */
export const withFloatLane = (vector: Code, lane: number, value: Code): Code => [
  ...[...vector, ...value, 0xb6, 0xfd],
  ...[...unsigned(0x20), lane],
]
/** The first or second of two f64. */
export const doubleLane = (vector: Code, lane: number): Code => [...vector, 0xfd, ...unsigned(0x21), lane]
