import { collapse, type Layout } from '../layout.js'
import {
  constant,
  countDown,
  each,
  floats,
  get,
  I32,
  increase,
  integers,
  loadOne,
  loadSplat,
  set,
  shuffle,
  storeLane,
  V128,
  vectorLoad,
  vectorStore,
  FunctionScope,
  type Code,
} from './assembler.js'
import { compileFunction, type WasmFunction } from './functions.js'
import { f32x4, f64x2 } from './vector.js'

export type Reduction = 'sum' | 'max' | 'min'

/** Columns that are reduced at a time, where lines of memory are added up: a cache line. */
const COLUMNS = 16

/** One of the loops over the elements of the input: how far it moves in the input and in the result, in elements. */
interface Loop {
  readonly size: number
  readonly x: number
  readonly y: number
}

/** A pointer that moves with loops, in bytes. */
interface Cursor {
  readonly pointer: number
  readonly strides: readonly number[]
}

/**
 * A reduction of f32 as WebAssembly SIMD, or null where the elements of neither a row of the input nor of the result lie side
 * by side. `x` and `sums` are the input and the results under common sizes, the results with strides of 0 where they are
 * reduced. Sums are kept in f64. Arguments: the addresses of input and result, then the first turn of the outermost loop and
 * the turn at which to stop.
 */
export function vectorReduce(
  kind: Reduction,
  x: Layout,
  sums: Layout,
): { readonly run: WasmFunction; readonly turns: number } | null {
  const { sizes, strides } = collapse([x, sums])
  const loops = sizes.map((size, i): Loop => ({ size, x: strides[0][i], y: strides[1][i] }))
  const unit = loops.findIndex((loop) => loop.x === 1)
  const whole = loops[unit]
  if (!whole || whole.y > 1) return null
  const rest = loops.filter((_, i) => i !== unit)
  const others = rest.filter(({ y }) => y !== 0)
  // Sums of columns alone: a turn is some of them, so that threads can share them.
  const divided = whole.y === 1 && others.length === 0 && whole.size % COLUMNS === 0
  const line = divided ? { ...whole, size: COLUMNS } : whole
  const kept = divided ? [{ size: whole.size / COLUMNS, x: COLUMNS, y: COLUMNS }] : others
  const reduced = rest.filter(({ y }) => y === 0)

  const scope = new FunctionScope(4)
  const [from, to, first, stop] = [0, 1, 2, 3]
  const make = line.y === 0 ? alongLine : acrossLines
  const body = make(scope, OF[kind], from, to, line.size, (inner) =>
    nest(scope, reduced, [{ pointer: from, strides: reduced.map((loop) => 4 * loop.x) }], inner),
  )
  const [outer = { size: 1, x: 0, y: 0 }, ...inside] = kept
  const cursors = (list: readonly Loop[]): Cursor[] => [
    { pointer: from, strides: list.map((loop) => 4 * loop.x) },
    { pointer: to, strides: list.map((loop) => 4 * loop.y) },
  ]
  const turn = scope.local(I32)
  const move = (pointer: number, stride: number) => increase(pointer, [...get(first), ...constant(4 * stride), 0x6c])
  return {
    turns: outer.size,
    run: compileFunction(scope, [
      ...[...increase(from, constant(4 * x.offset)), ...move(from, outer.x), ...move(to, outer.y)],
      ...set(turn, [...get(stop), ...get(first), 0x6b]),
      ...countDown(turn, [
        ...nest(scope, inside, cursors(inside), body),
        ...increase(from, constant(4 * outer.x)),
        ...increase(to, constant(4 * outer.y)),
      ]),
    ]),
  }
}

/** Loops inside each other around a body. Each pointer is afterwards where it was. */
function nest(scope: FunctionScope, loops: readonly Loop[], cursors: readonly Cursor[], body: Code): Code {
  return loops.reduceRight((inner, { size }, depth) => {
    const counter = scope.local(I32)
    const forward = cursors.flatMap(({ pointer, strides }) => increase(pointer, constant(strides[depth])))
    const back = cursors.flatMap(({ pointer, strides }) => increase(pointer, constant(-size * strides[depth])))
    return [...set(counter, constant(size)), ...countDown(counter, [...inner, ...forward]), ...back]
  }, body)
}

/** How numbers are collected: in registers, each of which takes four f32 or, in f64, two. */
interface Collect {
  /** Registers for four columns. */
  readonly registers: number
  readonly empty: Code
  /** Adds four f32 to the registers. */
  readonly add: (registers: readonly number[], value: Code, scope: FunctionScope) => Code
  /** The four f32 that are in the registers. */
  readonly columns: (registers: readonly number[]) => Code
  /** All that is in the registers, as the first of four f32. */
  readonly total: (registers: readonly number[]) => Code
}

const SUM: Collect = {
  registers: 2,
  empty: integers(0),
  add([low, high], value, scope) {
    const four = scope.local(V128)
    const upper = f64x2.promote(shuffle(get(four), get(four), [2, 3, 2, 3]))
    return [
      ...set(four, value),
      ...set(low, f64x2.add(get(low), f64x2.promote(get(four)))),
      ...set(high, f64x2.add(get(high), upper)),
    ]
  },
  columns: ([low, high]) => shuffle(f32x4.demote(get(low)), f32x4.demote(get(high)), [0, 1, 4, 5]),
  total([low, high]) {
    const both = f64x2.add(get(low), get(high))
    // The second f64 in the place of the first.
    return f32x4.demote(f64x2.add(both, shuffle(both, both, [2, 3, 0, 1])))
  },
}

function extreme(empty: number, pick: (a: Code, b: Code) => Code): Collect {
  return {
    registers: 1,
    empty: floats(empty),
    add: ([best], value) => set(best, pick(get(best), value)),
    columns: ([best]) => get(best),
    total([best]) {
      const pairs = pick(get(best), shuffle(get(best), get(best), [2, 3, 0, 1]))
      return pick(pairs, shuffle(pairs, pairs, [1, 0, 3, 2]))
    },
  }
}

const OF: Record<Reduction, Collect> = {
  sum: SUM,
  max: extreme(-Infinity, f32x4.max),
  min: extreme(Infinity, f32x4.min),
}

type Around = (inner: Code) => Code
type Make = (scope: FunctionScope, collect: Collect, from: number, to: number, size: number, around: Around) => Code

/** One result of each line, whose elements lie side by side. */
const alongLine: Make = (scope, collect, from, to, size, around) => {
  const registers = Array.from({ length: 2 * collect.registers }, () => scope.local(V128))
  const halves = [registers.slice(0, collect.registers), registers.slice(collect.registers)]
  const counter = scope.local(I32)
  const eights = size >> 3
  const eight = [
    ...halves.flatMap((half, i) => collect.add(half, vectorLoad(get(from), 16 * i), scope)),
    ...increase(from, constant(32)),
  ]
  const loop = eights > 0 ? [...set(counter, constant(eights)), ...countDown(counter, eight)] : []
  const rest = each(size & 7, (i) => {
    // The other lanes hold what changes nothing.
    const one = collect === SUM ? loadOne(get(from), 4 * i) : loadSplat(get(from), 4 * i)
    return collect.add(halves[i & 1], one, scope)
  })
  const joined = collect === SUM ? f64x2.add : (a: Code, b: Code) => (collect === OF.max ? f32x4.max : f32x4.min)(a, b)
  return [
    ...registers.flatMap((register) => set(register, collect.empty)),
    ...around([...loop, ...rest, ...increase(from, constant(-32 * eights))]),
    ...halves[0].flatMap((register, i) => set(register, joined(get(register), get(halves[1][i])))),
    ...storeLane(0, get(to), collect.total(halves[0])),
  ]
}

/** A result for each place in lines, which are added up as they are. */
const acrossLines: Make = (scope, collect, from, to, size, around) => {
  const groups = Array.from({ length: COLUMNS / 4 }, () =>
    Array.from({ length: collect.registers }, () => scope.local(V128)),
  )
  const counter = scope.local(I32)
  const start = (used: readonly number[][]) => used.flat().flatMap((register) => set(register, collect.empty))
  const wide = [
    ...start(groups),
    ...around(groups.flatMap((group, i) => collect.add(group, vectorLoad(get(from), 16 * i), scope))),
    ...groups.flatMap((group, i) => vectorStore(get(to), collect.columns(group), 16 * i)),
    ...[...increase(from, constant(4 * COLUMNS)), ...increase(to, constant(4 * COLUMNS))],
  ]
  const full = Math.floor(size / COLUMNS)
  const loop = full > 0 ? [...set(counter, constant(full)), ...countDown(counter, wide)] : []
  const [group] = groups
  const one = [
    ...start([group]),
    ...around(collect.add(group, loadOne(get(from)), scope)),
    ...storeLane(0, get(to), collect.columns(group)),
    ...[...increase(from, constant(4)), ...increase(to, constant(4))],
  ]
  const left = size % COLUMNS
  const ones = left > 0 ? [...set(counter, constant(left)), ...countDown(counter, one)] : []
  return [...loop, ...ones, ...increase(from, constant(-4 * size)), ...increase(to, constant(-4 * size))]
}
