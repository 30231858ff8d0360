/** Products of packed matrices in WebAssembly SIMD. Places are addresses in the heap, and steps bytes. */
import {
  add,
  atLeast,
  constant,
  countDown,
  each,
  equal,
  get,
  I32,
  increase,
  integers,
  load32,
  loadLane,
  loadOne,
  loadSplat,
  multiply,
  repeatWhile,
  set,
  shuffle,
  storeLane,
  subtract,
  tee,
  V128,
  vectorLoad,
  vectorStore,
  when,
  FunctionScope,
  type Code,
} from './assembler.js'
import { compileFunction } from './functions.js'
import { multiplyAdd } from './relaxed.js'
import { f32x4 } from './vector.js'

/**
 * Rows and columns of the product that are summed at a time: 3 x 3 registers of 4 numbers. V8 reads all operands of a loop's
 * turn before it uses them, so these 9, a row of b and a column of a have to fit into the 15 registers that it has on x86. For the
 * same reason a turn is one sum: unrolled four times it runs at two thirds of the speed.
 */
export const ROWS = 3
export const COLUMNS = 12
const REGISTERS = COLUMNS / 4

/**
 * Makes c, [m, n] with rows `width` bytes apart, the product of a and b, or adds it if `accumulate` is not 0. Row i of a
 * begins at `a` + the i-th word of the table `rows`, and its numbers are `step` bytes apart. b holds for each of `panels` panels
 * of COLUMNS columns its rows one after the other; `tail` is the number of columns in the last panel if that is not full, else 0,
 * and `spare` the address of ROWS * COLUMNS numbers to be written over.
 */
export type Gemm = (
  a: number,
  rows: number,
  m: number,
  step: number,
  b: number,
  depth: number,
  c: number,
  panels: number,
  width: number,
  accumulate: number,
  tail: number,
  spare: number,
) => void

export function makeGemm(): Gemm {
  const scope = new FunctionScope(12)
  const [a, rows, m, step, b, depth, c, panels, width, accumulate, tail, spare] = Array.from(
    { length: 12 },
    (_, i) => i,
  )
  const integer = () => scope.local(I32)
  const [bAt, cAt, to, toWidth, panel, left] = [integer(), integer(), integer(), integer(), integer(), integer()]
  const [starts, lines] = [0, 1].map(() => Array.from({ length: ROWS }, integer))
  const sums = Array.from({ length: ROWS }, () => Array.from({ length: REGISTERS }, () => scope.local(V128)))
  const columns = Array.from({ length: REGISTERS }, () => scope.local(V128))
  const row = scope.local(V128)

  /** Adds the products of a column of a and a row of b. */
  const once = (count: number): Code => [
    ...each(REGISTERS, (i) => set(columns[i], vectorLoad(get(bAt), 16 * i))),
    ...each(count, (r) => [
      ...set(row, loadSplat(get(lines[r]))),
      ...each(REGISTERS, (i) => set(sums[r][i], multiplyAdd(get(row), get(columns[i]), get(sums[r][i])))),
    ]),
    ...each(count, (r) => increase(lines[r], get(step))),
    ...increase(bAt, constant(4 * COLUMNS)),
  ]
  /** One register of a row after the other, with the pointer `to` on its row. */
  const finish = (count: number, write: (sum: number, offset: number) => Code) =>
    each(count, (r) => [...each(REGISTERS, (i) => write(sums[r][i], 16 * i)), ...increase(to, get(toWidth))])
  const plain = (count: number) => finish(count, (sum, at) => vectorStore(get(to), get(sum), at))
  const adding = (count: number) =>
    finish(count, (sum, at) => vectorStore(get(to), f32x4.add(vectorLoad(get(to), at), get(sum)), at))
  /** The columns of the last panel that exist, by way of the spare tile. */
  const partly = (count: number): Code => {
    const move = (numbers: number, load: (at: Code) => Code, store: (at: Code, value: Code) => Code): Code => [
      ...set(row, load(get(bAt))),
      ...when(get(accumulate), set(row, f32x4.add(load(get(to)), get(row)))),
      ...store(get(to), get(row)),
      ...[...increase(bAt, constant(4 * numbers)), ...increase(to, constant(4 * numbers))],
    ]
    const counted = (turns: Code, body: Code) => when(tee(left, turns), countDown(left, body))
    return [
      ...[...set(to, get(spare)), ...set(toWidth, constant(4 * COLUMNS)), ...plain(count)],
      ...[...set(to, get(cAt)), ...set(bAt, get(spare))],
      ...each(count, () => [
        ...counted([...get(tail), ...constant(2), 0x76], move(4, vectorLoad, vectorStore)),
        ...counted(
          [...get(tail), ...constant(3), 0x71],
          move(1, loadOne, (at, value) => storeLane(0, at, value)),
        ),
        ...increase(to, subtract(get(width), multiply(get(tail), constant(4)))),
        ...increase(bAt, subtract(constant(4 * COLUMNS), multiply(get(tail), constant(4)))),
      ]),
    ]
  }
  const store = (count: number): Code => {
    const whole = when(get(accumulate), adding(count), plain(count))
    const isLast = multiply(equal(get(panel), constant(1)), get(tail))
    return when(isLast, partly(count), [...set(to, get(cAt)), ...set(toWidth, get(width)), ...whole])
  }
  /** All columns of some rows. The pointer bAt goes through all of b. */
  const line = (count: number): Code => [
    ...each(count, (r) => set(starts[r], add(get(a), load32(get(rows), 4 * r)))),
    ...[...set(cAt, get(c)), ...set(bAt, get(b)), ...set(panel, get(panels))],
    ...countDown(panel, [
      ...each(count, (r) => set(lines[r], get(starts[r]))),
      ...sums.slice(0, count).flatMap((list) => list.flatMap((sum) => set(sum, integers(0)))),
      ...[...set(left, get(depth)), ...countDown(left, once(count))],
      ...store(count),
      ...increase(cAt, constant(4 * COLUMNS)),
    ]),
    ...[...increase(rows, constant(4 * count)), ...increase(c, multiply(get(width), constant(count)))],
    ...increase(m, constant(-count)),
  ]
  return compileFunction(scope, [
    ...when(atLeast(get(m), constant(ROWS)), repeatWhile(line(ROWS), atLeast(get(m), constant(ROWS)))),
    ...Array.from({ length: ROWS - 1 }, (_, i) => i + 1).flatMap((count) =>
      when(equal(get(m), constant(count)), line(count)),
    ),
  ])
}

/**
 * Writes panels of COLUMNS free indices of a matrix, for each sum those of the panel side by side. `free` and `sums` are the
 * addresses of tables with the places of the indices in the matrix, relative to `from`; of a panel that is not full the
 * last free index repeats.
 */
export type Pack = (to: number, from: number, free: number, sums: number, panels: number, depth: number) => void

/** How a matrix lies in memory: sums side by side in fours, or free indices, or neither. */
export type Order = 'sums' | 'free' | 'none'

export function makePack(order: Order): Pack {
  const scope = new FunctionScope(6)
  const [to, from, free, sums, panels, depth] = [0, 1, 2, 3, 4, 5]
  const [left, at, sum] = [1, 2, 3].map(() => scope.local(I32))
  const lines = Array.from({ length: COLUMNS }, () => scope.local(I32))
  const vectors = Array.from({ length: 4 }, () => scope.local(V128))
  const place = (line: number) => add(get(lines[line]), get(sum))
  const gathered = (register: number) =>
    [1, 2, 3].reduce<Code>((value, i) => loadLane(i, place(4 * register + i), value), loadOne(place(4 * register)))
  const counted = (turns: Code, body: Code) => when(tee(left, turns), countDown(left, body))
  /** `count` sums at a time. */
  const step = (count: number, write: Code): Code => [
    ...set(sum, load32(get(at))),
    ...increase(at, constant(4 * count)),
    ...write,
    ...increase(to, constant(4 * COLUMNS * count)),
  ]
  const one = (read: (register: number) => Code) =>
    step(
      1,
      each(REGISTERS, (i) => vectorStore(get(to), read(i), 16 * i)),
    )
  const loops: Record<Order, () => Code> = {
    free: () =>
      counted(
        get(depth),
        one((i) => vectorLoad(place(4 * i))),
      ),
    none: () => counted(get(depth), one(gathered)),
    sums: () => {
      const four = each(REGISTERS, (i) => [
        ...vectors.flatMap((vector, j) => set(vector, vectorLoad(place(4 * i + j)))),
        ...transposed(vectors).flatMap((value, j) => vectorStore(get(to), value, 4 * COLUMNS * j + 16 * i)),
      ])
      return [
        ...counted([...get(depth), ...constant(2), 0x76], step(4, four)),
        ...counted([...get(depth), ...constant(3), 0x71], one(gathered)),
      ]
    },
  }
  const panel = [
    ...lines.flatMap((line, i) => set(line, add(get(from), load32(get(free), 4 * i)))),
    ...set(at, get(sums)),
    ...loops[order](),
    ...increase(free, constant(4 * COLUMNS)),
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
