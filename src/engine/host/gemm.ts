/**
 * A product of packed matrices in WebAssembly SIMD, assembled here: many times as fast as a loop in JavaScript, which has
 * no SIMD (`npx neomesh doctor` measures it). No file is loaded, so it works wherever TypeScript does.
 */

/** What of WebAssembly is used; Node's types lack it. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer }
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> }
}

/** Rows and columns of the product that are summed at a time: 4 x 2 registers of 4 numbers, of the 16 that x86 has. */
export const ROWS = 4
export const COLUMNS = 8
const REGISTERS = COLUMNS / 4

/**
 * Adds to c, [panelsM * ROWS, panelsN * COLUMNS] row-major, the product of a and b: a holds for each panel of ROWS rows
 * its columns one after the other, b for each panel of COLUMNS columns its rows. Places are bytes in the memory.
 */
export type Gemm = (a: number, b: number, c: number, depth: number, panelsM: number, panelsN: number) => void

export interface GemmMachine {
  readonly memory: Float32Array
  readonly gemm: Gemm
}

/** The product with a memory of `count` numbers. */
export function makeGemm(numbers: number): GemmMachine {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((numbers * 4) / 65536) })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble()), { m: { m: memory } })
  return { memory: new Float32Array(memory.buffer), gemm: exports.g as Gemm }
}

const I32 = 0x7f
const V128 = 0x7b

/** Parameters and variables by number, in WebAssembly's order. */
const [A, B, C, DEPTH, M, N, aAt, bAt, cAt, left, rows, width] = Array.from({ length: 12 }, (_, i) => i)
const SUMS = 12
const COLUMN = SUMS + ROWS * REGISTERS
const ROW = COLUMN + REGISTERS
const sum = (row: number, register: number) => SUMS + row * REGISTERS + register

const unsigned = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)])
const signed = (n: number): number[] => (n >= -64 && n < 64 ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signed(n >> 7)])
const list = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()]
const sized = (bytes: readonly number[]) => [...unsigned(bytes.length), ...bytes]

const get = (local: number) => [0x20, ...unsigned(local)]
const set = (local: number) => [0x21, ...unsigned(local)]
const simd = (code: number, ...rest: number[]) => [0xfd, ...unsigned(code), ...rest]
const load = (offset: number) => simd(0, 4, ...unsigned(offset))
const loadSplat = (offset: number) => simd(9, 2, ...unsigned(offset))
const store = (offset: number) => simd(11, 4, ...unsigned(offset))
const zero = simd(12, ...Array<number>(16).fill(0))
const addFloats = simd(0xe4)
const multiplyFloats = simd(0xe6)
const constant = (n: number) => [0x41, ...signed(n)]
const ADD = 0x6a
const SUBTRACT = 0x6b
const MULTIPLY = 0x6c
const advance = (local: number, bytes: readonly number[]) => [...get(local), ...bytes, ADD, ...set(local)]
const copy = (from: number, to: number) => [...get(from), ...set(to)]
/** Repeats the body until the counter, which it takes down by one each time, is 0. */
const loop = (counter: number, body: readonly number[]) => [
  ...[0x03, 0x40, ...body],
  ...[...get(counter), ...constant(1), SUBTRACT, 0x22, ...unsigned(counter), 0x0d, 0, 0x0b],
]
const each = (count: number, write: (i: number) => readonly number[]) =>
  Array.from({ length: count }, (_, i) => write(i)).flat()

function assemble(): Uint8Array<ArrayBuffer> {
  const multiplyAdd = (row: number, register: number) => [
    ...[...get(sum(row, register)), ...get(ROW), ...get(COLUMN + register)],
    ...[...multiplyFloats, ...addFloats, ...set(sum(row, register))],
  ]
  const step = [
    ...each(REGISTERS, (i) => [...get(bAt), ...load(16 * i), ...set(COLUMN + i)]),
    ...each(ROWS, (row) => [
      ...[...get(aAt), ...loadSplat(4 * row), ...set(ROW)],
      ...each(REGISTERS, (i) => multiplyAdd(row, i)),
    ]),
    ...advance(aAt, constant(4 * ROWS)),
    ...advance(bAt, constant(4 * COLUMNS)),
  ]
  const finish = each(ROWS, (row) => [
    ...each(REGISTERS, (i) => [
      ...get(cAt),
      ...[...get(cAt), ...load(16 * i), ...get(sum(row, i)), ...addFloats],
      ...store(16 * i),
    ]),
    ...advance(cAt, get(width)),
  ])
  const tile = [
    ...each(ROWS * REGISTERS, (i) => [...zero, ...set(SUMS + i)]),
    ...copy(B, bAt),
    ...copy(DEPTH, left),
    ...loop(left, step),
    ...finish,
  ]
  const panel = [
    ...[...copy(A, aAt), ...copy(C, cAt), ...copy(M, rows)],
    ...loop(rows, tile),
    ...copy(bAt, B),
    ...advance(C, constant(4 * COLUMNS)),
  ]
  const body = [...get(N), ...constant(4 * COLUMNS), MULTIPLY, ...set(width), ...loop(N, panel), 0x0b]
  const locals = list([
    [SUMS - 6, I32],
    [ROWS * REGISTERS + REGISTERS + 1, V128],
  ])
  const name = sized([...'m'].map((letter) => letter.charCodeAt(0)))
  const export_ = sized([...'g'].map((letter) => letter.charCodeAt(0)))
  const section = (id: number, items: readonly (readonly number[])[]) => [id, ...sized(list(items))]
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, ...list(Array(6).fill([I32])), 0]]),
    ...section(2, [[...name, ...name, 2, 0, 1]]),
    ...section(3, [[0]]),
    ...section(7, [[...export_, 0, 0]]),
    ...section(10, [sized([...locals, ...body])]),
  ])
}
