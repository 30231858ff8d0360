import type { DType } from '../../../tensor/index.js'
import type { Member } from '../elementwise.js'
import { collapse, dense, type Layout } from '../layout.js'
import {
  add,
  atLeast,
  constant,
  countDown,
  each,
  get,
  I32,
  increase,
  integers,
  load8,
  loadLane,
  loadOne,
  loadSplat,
  repeatWhile,
  set,
  storeByte,
  storeLane,
  subtract,
  vectorLoad,
  vectorStore,
  when,
  FunctionScope,
  type Code,
} from './assembler.js'
import { compileFunction, type WasmFunction } from './functions.js'
import { rounded, splat, variable, type VectorOperand } from './rows.js'
import { bytesToWords, i32x4, v128, wordsToBytes } from './vector.js'

/** An input of a loop; `constant` is its number, if it is one for all elements and known beforehand. */
export interface LoopInput {
  readonly layout: Layout
  readonly dtype: DType
  readonly constant?: number
}

/** An array that the loop moves through. */
interface Stream {
  readonly bytes: 1 | 4
  /** For each loop, outermost first, in bytes. */
  readonly strides: readonly number[]
  /** Where it is, in each loop. */
  readonly pointers: readonly number[]
}

const LANES = 4
/** Vectors of a turn, so that pointers and counter take less of it, in loops that are short enough. */
const UNROLL = 4
const MOST_UNROLLED = 24
const bytesOf = (dtype: DType) => (dtype === 'bool' ? 1 : 4)

/**
 * A loop over elementwise operations as WebAssembly SIMD, four elements at a time, or null where an operation has no such
 * form. Its arguments are the addresses of the inputs that are no constants and of the results, then the first turn of the
 * outermost loop and the turn at which to stop.
 */
export function vectorLoop(
  sizes: readonly number[],
  inputs: readonly LoopInput[],
  members: readonly Member[],
  results: readonly number[],
): { readonly run: WasmFunction; readonly turns: number; readonly reads: readonly number[] } | null {
  const reads = inputs.flatMap(({ constant: known }, i) => (known === undefined ? [i] : []))
  const layouts = reads.map((i) => inputs[i].layout)
  const { sizes: loops, strides } = collapse([dense(sizes), ...layouts])
  if (loops.length === 0) {
    loops.push(1)
    strides.forEach((list) => list.push(0))
  }
  const scope = new FunctionScope(reads.length + results.length + 2)
  const [first, stop] = [reads.length + results.length, reads.length + results.length + 1]
  const depth = loops.length
  const stream = (parameter: number, dtype: DType, elements: readonly number[]): Stream => ({
    bytes: bytesOf(dtype),
    strides: elements.map((stride) => stride * bytesOf(dtype)),
    pointers: loops.map((_, i) => (i === 0 ? parameter : scope.local(I32))),
  })
  const sources = reads.map((i, at) => stream(at, inputs[i].dtype, strides[1 + at]))
  const targets = results.map((member, i) => stream(reads.length + i, members[member].dtype, strides[0]))
  const all = [...sources, ...targets]

  /** Values that stay the same in the innermost loop, read before it. */
  const before: number[] = []
  const fixed = new Map<number, VectorOperand>()
  reads.forEach((input, at) => {
    if (sources[at].strides[depth - 1] !== 0) return
    const { code, read } = variable(scope, loadRepeated(sources[at], depth - 1))
    before.push(...code)
    fixed.set(input, { code: read })
  })
  inputs.forEach(({ constant: known, dtype }, i) => {
    if (known !== undefined) fixed.set(i, { code: splat(known, dtype), constant: known })
  })

  /** The operations on four elements some vectors further, or on one in the first lane. */
  const body = (lanes: number, further = 0): Code | null => {
    const code: number[] = []
    const operands = inputs.map((_, i): VectorOperand => {
      const known = fixed.get(i)
      if (known) return known
      const source = sources[reads.indexOf(i)]
      const loaded = variable(scope, lanes === 1 ? loadFirst(source, depth - 1) : loadFour(source, depth - 1, further))
      code.push(...loaded.code)
      return { code: loaded.read }
    })
    const values: VectorOperand[] = []
    for (const { vector, operands: from, dtype } of members) {
      const given = from.map((x) => ('input' in x ? operands[x.input] : values[x.member]))
      const written = vector(scope, given)
      const value = written && rounded(scope, written, dtype)
      if (!value) return null
      const kept = variable(scope, value)
      code.push(...kept.code)
      values.push({ code: kept.read })
    }
    results.forEach((member, i) => code.push(...store(targets[i], depth - 1, values[member].code, lanes, further)))
    return code
  }
  const forward = (elements: number): Code =>
    all.flatMap(({ strides: steps, pointers }) =>
      steps[depth - 1] === 0 ? [] : increase(pointers[depth - 1], constant(elements * steps[depth - 1])),
    )
  const [four, one] = [body(LANES), body(1)]
  if (!four || !one) return null
  const unrolled = members.length <= MOST_UNROLLED ? UNROLL : 1
  const wide = [four, ...Array.from({ length: unrolled - 1 }, (_, i) => body(LANES, 1 + i)!)].flat()

  const counters = loops.map(() => scope.local(I32))
  const level = (at: number): Code => {
    const counter = counters[at]
    const count = at === 0 ? subtract(get(stop), get(first)) : constant(loops[at])
    if (at === depth - 1) {
      const left = get(counter)
      /** Steps of `elements` elements while there are as many. */
      const steps = (elements: number, step: Code): Code => {
        const enough = atLeast(left, constant(elements))
        const moved = [...step, ...forward(elements), ...set(counter, subtract(left, constant(elements)))]
        return when(enough, repeatWhile(moved, enough))
      }
      return [
        ...[...before, ...set(counter, count)],
        ...steps(unrolled * LANES, wide),
        ...(unrolled > 1 ? steps(LANES, four) : []),
        ...steps(1, one),
      ]
    }
    const enter = all.flatMap(({ pointers }) => set(pointers[at + 1], get(pointers[at])))
    const leave = all.flatMap(({ pointers, strides: steps }) =>
      steps[at] === 0 ? [] : increase(pointers[at], constant(steps[at])),
    )
    return [...set(counter, count), ...countDown(counter, [...enter, ...level(at + 1), ...leave])]
  }
  // Pointers start at the offsets of the layouts, and at the first turn.
  const start = all.flatMap(({ pointers, strides: steps, bytes }, i) => {
    const offset = i < layouts.length ? layouts[i].offset * bytes : 0
    const moved = add([...get(first), ...constant(steps[0]), 0x6c], constant(offset))
    return increase(pointers[0], moved)
  })
  return { run: compileFunction(scope, [...start, ...level(0)]), turns: loops[0], reads }
}

/** Masks of booleans, of their bytes 0 and 1. */
const mask = (word: Code): Code => i32x4.neg(word)

function loadRepeated({ bytes, pointers }: Stream, at: number): Code {
  const address = get(pointers[at])
  return bytes === 1 ? mask(i32x4.splat(load8(address))) : loadSplat(address)
}

function loadFirst({ bytes, pointers }: Stream, at: number): Code {
  const address = get(pointers[at])
  return bytes === 1 ? mask(i32x4.splat(load8(address))) : loadOne(address)
}

function loadFour({ bytes, strides, pointers }: Stream, at: number, further: number): Code {
  const step = strides[at]
  const start = LANES * further * step
  const [address, offset] = [get(pointers[at]), start]
  if (bytes === 1) {
    if (step === 1) return mask(bytesToWords(loadOne(address, offset)))
    const lane = (i: number): Code => [...load8(address, offset + i * step), 0xfd, 0x1c, i]
    return mask([...integers(0), ...each(LANES, lane)])
  }
  if (step === bytes) return vectorLoad(address, offset)
  return [1, 2, 3].reduce((sum, i) => loadLane(i, address, sum, offset + i * step), loadOne(address, offset))
}

function store({ bytes, pointers }: Stream, at: number, value: Code, lanes: number, further: number): Code {
  const address = get(pointers[at])
  const offset = LANES * further * bytes
  if (bytes === 4) return lanes === 1 ? storeLane(0, address, value) : vectorStore(address, value, offset)
  const ones = v128.and(value, integers(1))
  return lanes === 1 ? storeByte(0, address, ones) : storeLane(0, address, wordsToBytes(ones), offset)
}
