import { isFloat, type DType } from '../../tensor/index.js'
import { productOf } from '../../tensor/dim.js'
import { collapse, dense, isContiguous, isScalar, type Layout } from './layout.js'
import { compileLoop, nest, type Cursor } from './loops.js'
import type { Kernel } from './kernel.js'
import type { Code, FunctionScope } from './wasm/assembler.js'
import { onHeap } from './wasm/functions.js'
import { callInParts } from './wasm/threads.js'
import { vectorLoop, type LoopInput } from './wasm/loop.js'
import type { VectorOperand } from './wasm/rows.js'

/** One of several elementwise operations that run in the same loop. */
export interface Member {
  /** The operation, and the dtype of its last operand. */
  readonly op: { readonly name: string; readonly attributes: unknown; readonly from: DType }
  /** JavaScript of one element from those of the operands. */
  readonly write: (operands: readonly string[]) => string
  /** WebAssembly SIMD of four elements, or null where there is none. */
  readonly vector: (scope: FunctionScope, operands: readonly VectorOperand[]) => Code | null
  readonly operands: readonly Operand[]
  readonly dtype: DType
}

/** An earlier member's result, or an input of the loop. */
export type Operand = { readonly member: number } | { readonly input: number }

/** A loop over common sizes; `results` are the members whose values are wanted, each a dense array of its own. */
export interface Loop {
  readonly sizes: readonly number[]
  readonly inputs: readonly LoopInput[]
  readonly members: readonly Member[]
  readonly results: readonly number[]
}

/**
 * Elementwise operations over common sizes as one loop. Each result is rounded to its dtype, as if it had been stored.
 */
export function elementwise({ sizes, inputs, members, results }: Loop): Kernel {
  const loop = vectorLoop(sizes, inputs, members, results)
  if (!loop) {
    const layouts = inputs.map(({ layout }) => layout)
    return scalarLoop(sizes, layouts, members, results)
  }
  const work = productOf(sizes)
  const kernel = onHeap((x, y) => callInParts(loop.run, [...x, ...y], loop.turns, work))
  return (x, y) =>
    kernel(
      loop.reads.map((i) => x[i]),
      y,
    )
}

/** The loop in JavaScript, one element at a time. */
export function scalarLoop(
  sizes: readonly number[],
  inputs: readonly Layout[],
  members: readonly Member[],
  results: readonly number[],
): Kernel {
  const out = dense(sizes)
  const scalars = inputs.map(isScalar)
  const moving = inputs.filter((_, i) => !scalars[i])
  const { sizes: loops, strides } = collapse([out, ...moving])
  const cursors: Cursor[] = [{ name: 'o', start: '0', strides: strides[0] }]
  const starts: number[] = []
  const lines: string[] = []
  const before: string[] = results.map((_, i) => `const y${i} = y[${i}]`)

  /** The cursor over an input; inputs that move alike share one. */
  const cursorOf = (layout: Layout): string => {
    const mine = strides[1 + moving.indexOf(layout)]
    if (layout.offset === 0 && isContiguous(layout)) return 'o'
    const found = cursors.findIndex(
      (each, i) => i > 0 && starts[i - 1] === layout.offset && each.strides.every((stride, d) => stride === mine[d]),
    )
    if (found > 0) return cursors[found].name
    const name = `p${starts.length}`
    cursors.push({ name, start: `start[${starts.length}]`, strides: mine })
    starts.push(layout.offset)
    return name
  }
  inputs.forEach((layout, i) => {
    if (scalars[i]) before.push(`const a${i} = x[${i}][${layout.offset}]`)
    else {
      before.push(`const x${i} = x[${i}]`)
      lines.push(`const a${i} = x${i}[${cursorOf(layout)}]`)
    }
  })
  members.forEach(({ write, operands, dtype }, i) => {
    const value = write(operands.map((from) => ('input' in from ? `a${from.input}` : `v${from.member}`)))
    lines.push(`const v${i} = ${rounded(value, dtype)}`)
  })
  results.forEach((member, i) => lines.push(`y${i}[o] = v${member}`))
  const loop = compileLoop([...before, nest(loops, cursors, lines.join('\n'))].join('\n'))
  return (x, y) => loop(x, y, starts)
}

function rounded(value: string, dtype: DType): string {
  if (!isFloat(dtype)) return value
  const single = `Math.fround(${value})`
  return dtype === 'f32' ? single : `${dtype === 'bf16' ? 'toBf16' : 'toF16'}(${single})`
}
