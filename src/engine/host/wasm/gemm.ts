/** Products of packed matrices in WebAssembly SIMD. Places are addresses in the heap, and steps bytes. */
import {
  add,
  constant,
  countDown,
  each,
  get,
  I32,
  increase,
  load32,
  loadLane,
  loadOne,
  loadSplat,
  set,
  shuffle,
  V128,
  vectorLoad,
  vectorStore,
  when,
  integers,
  FunctionScope,
  type Code,
} from './assembler.js'
import { compileFunction } from './functions.js'
import { f32x4 } from './vector.js'

/** Rows and columns of the product that are summed at a time: 4 x 2 registers of 4 numbers, of the 16 that x86 has. */
export const ROWS = 4
export const COLUMNS = 8
const REGISTERS = COLUMNS / 4

/**
 * Makes c, [panelsM * ROWS, panelsN * COLUMNS] with rows `width` bytes apart, the product of a and b, or adds it if
 * `accumulate` is not 0: a holds for each panel of ROWS rows its columns one after the other, b for each panel of COLUMNS
 * columns its rows.
 */
export type Gemm = (
  a: number,
  b: number,
  c: number,
  depth: number,
  panelsM: number,
  panelsN: number,
  width: number,
  accumulate: number,
) => void

export function makeGemm(): Gemm {
  const scope = new FunctionScope(8)
  const [a, b, c, depth, panelsM, panelsN, width, accumulate] = [0, 1, 2, 3, 4, 5, 6, 7]
  const [aAt, bAt, cAt, rows, left] = [1, 2, 3, 4, 5].map(() => scope.local(I32))
  const sums = Array.from({ length: ROWS }, () => Array.from({ length: REGISTERS }, () => scope.local(V128)))
  const columns = Array.from({ length: REGISTERS }, () => scope.local(V128))
  const row = scope.local(V128)
  const step = [
    ...each(REGISTERS, (i) => set(columns[i], vectorLoad(get(bAt), 16 * i))),
    ...each(ROWS, (r) => [
      ...set(row, loadSplat(get(aAt), 4 * r)),
      ...each(REGISTERS, (i) => set(sums[r][i], f32x4.add(get(sums[r][i]), f32x4.mul(get(row), get(columns[i]))))),
    ]),
    ...increase(aAt, constant(4 * ROWS)),
    ...increase(bAt, constant(4 * COLUMNS)),
  ]
  const finish = (write: (sum: number, offset: number) => Code) =>
    each(ROWS, (r) => [...each(REGISTERS, (i) => write(sums[r][i], 16 * i)), ...increase(cAt, get(width))])
  const tile = [
    ...sums.flat().flatMap((sum) => set(sum, integers(0))),
    ...[...set(bAt, get(b)), ...set(left, get(depth))],
    ...countDown(left, step),
    ...when(
      get(accumulate),
      finish((sum, at) => vectorStore(get(cAt), f32x4.add(vectorLoad(get(cAt), at), get(sum)), at)),
      finish((sum, at) => vectorStore(get(cAt), get(sum), at)),
    ),
  ]
  const panel = [
    ...[...set(aAt, get(a)), ...set(cAt, get(c)), ...set(rows, get(panelsM))],
    ...countDown(rows, tile),
    ...set(b, get(bAt)),
    ...increase(c, constant(4 * COLUMNS)),
  ]
  return compileFunction(scope, countDown(panelsN, panel))
}

/**
 * Writes panels of `size` free indices of a matrix, for each sum those of the panel side by side. `free` and `sums` are the
 * addresses of tables with the places of the indices in the matrix, relative to `from`; of a panel that is not full the
 * last free index repeats.
 */
export type Pack = (to: number, from: number, free: number, sums: number, panels: number, depth: number) => void

/** How a matrix lies in memory: sums side by side, free indices of each panel side by side, or neither. */
export type Order = 'sums' | 'free' | 'none'

export function makePack(size: number, order: Order): Pack {
  const scope = new FunctionScope(6)
  const [to, from, free, sums, panels, depth] = [0, 1, 2, 3, 4, 5]
  const [left, at, sum] = [1, 2, 3].map(() => scope.local(I32))
  const lines = Array.from({ length: order === 'free' ? 1 : size }, () => scope.local(I32))
  const vectors = Array.from({ length: 4 }, () => scope.local(V128))
  const registers = size / 4
  const start = lines.flatMap((line, i) => set(line, add(get(from), load32(get(free), 4 * i))))
  const gathered = (register: number, address: (line: number) => Code) =>
    [1, 2, 3].reduce<Code>(
      (value, i) => loadLane(i, address(lines[4 * register + i]), value),
      loadOne(address(lines[4 * register])),
    )
  const forward = increase(to, constant(4 * size))
  /** One sum at a time. */
  const byTable = (read: (register: number) => Code) =>
    countDown(left, [
      ...set(sum, load32(get(at))),
      ...increase(at, constant(4)),
      ...each(registers, (i) => vectorStore(get(to), read(i), 16 * i)),
      ...forward,
    ])
  const loops: Record<Order, () => Code> = {
    free: () => byTable((i) => vectorLoad(add(get(lines[0]), get(sum)), 16 * i)),
    none: () => byTable((i) => gathered(i, (line) => add(get(line), get(sum)))),
    sums: () => {
      const move = (bytes: number) => lines.flatMap((line) => increase(line, constant(bytes)))
      const four = [
        ...each(registers, (i) => [
          ...vectors.flatMap((vector, j) => set(vector, vectorLoad(get(lines[4 * i + j])))),
          ...transposed(vectors).flatMap((value, j) => vectorStore(get(to), value, 4 * size * j + 16 * i)),
        ]),
        ...increase(to, constant(16 * size)),
        ...move(16),
      ]
      const one = [
        ...each(registers, (i) => vectorStore(get(to), gathered(i, get), 16 * i)),
        ...[...forward, ...move(4)],
      ]
      return [
        ...[...set(left, [...get(depth), ...constant(2), 0x76]), ...when(get(left), countDown(left, four))],
        ...[...set(left, [...get(depth), ...constant(3), 0x71]), ...when(get(left), countDown(left, one))],
      ]
    },
  }
  const panel = [
    ...start,
    ...(order === 'sums' ? [] : [...set(left, get(depth)), ...set(at, get(sums))]),
    ...loops[order](),
    ...increase(free, constant(4 * size)),
  ]
  return compileFunction(scope, countDown(panels, panel))
}

/** The columns of a matrix of 4 rows. */
function transposed([a, b, c, d]: readonly number[]): Code[] {
  const pairs = (x: number, y: number, upper: number) =>
    shuffle(get(x), get(y), [0 + upper, 4 + upper, 1 + upper, 5 + upper])
  const [low, high] = [0, 2].map((upper) => [pairs(a, b, upper), pairs(c, d, upper)] as const)
  return [low, low, high, high].map(([ab, cd], i) => shuffle(ab, cd, i % 2 === 0 ? [0, 1, 4, 5] : [2, 3, 6, 7]))
}
