import { productOf } from '../../tensor/index.js'
import type { Loop, Operand } from '../host/elementwise.js'
import { ELEMENTS } from './elements.js'
import type { Shader } from './queue.js'
import { eachElement, number, placeOf, rounded, typeOf } from './wgsl.js'

/** A shader of a part of a loop. */
export interface LoopPart {
  readonly shader: Shader
  /** The loop's inputs that it reads, and which of the results it writes. */
  readonly reads: readonly number[]
  readonly writes: readonly number[]
}

/**
 * Elementwise operations over common sizes, as one shader, or as several where their arrays are more than `mostArrays`: each
 * then has the operations that its results need.
 */
export function loopParts(loop: Loop, mostArrays: number): LoopPart[] {
  const groups: number[][] = []
  loop.results.forEach((_, result) => {
    const mine = groups.at(-1)
    const together = mine && needOf(loop, [...mine, result]).reads.size + mine.length + 1
    if (mine && together! <= mostArrays) mine.push(result)
    else groups.push([result])
  })
  return groups.map((writes) => partOf(loop, writes, needOf(loop, writes)))
}

interface Need {
  readonly members: ReadonlySet<number>
  readonly reads: ReadonlySet<number>
}

/** Members and inputs that some results need. */
function needOf({ inputs, members, results }: Loop, wanted: readonly number[]): Need {
  const need = { members: new Set<number>(), reads: new Set<number>() }
  const visit = (operand: Operand): void => {
    if ('input' in operand) {
      if (!isConstant(inputs[operand.input])) need.reads.add(operand.input)
    } else if (!need.members.has(operand.member)) {
      need.members.add(operand.member)
      members[operand.member].operands.forEach(visit)
    }
  }
  for (const result of wanted) visit({ member: results[result] })
  return need
}

const isConstant = ({ constant }: Loop['inputs'][number]) => constant !== undefined

function partOf({ sizes, inputs, members, results }: Loop, writes: readonly number[], need: Need): LoopPart {
  const reads = [...need.reads].sort((a, b) => a - b)
  const lines: string[] = []
  const inputName = (input: number): string => {
    const { constant, dtype } = inputs[input]
    const name = `${constant === undefined ? 'a' : 'c'}${input}`
    const value =
      constant === undefined
        ? `x${reads.indexOf(input)}[${placeOf('i', inputs[input].layout)}]`
        : number(constant, dtype)
    const line = `let ${name}: ${typeOf(dtype)} = ${value};`
    if (!lines.includes(line)) lines.push(line)
    return name
  }
  members.forEach(({ op, operands, dtype }, member) => {
    if (!need.members.has(member)) return
    const names = operands.map((x) => ('input' in x ? inputName(x.input) : `v${x.member}`))
    const value = ELEMENTS[op.name](names, op.from, op.attributes, dtype)
    lines.push(`let v${member}: ${typeOf(dtype)} = ${rounded(value, dtype)};`)
  })
  writes.forEach((result, y) => lines.push(`y${y}[i] = v${results[result]};`))
  const dtypes = writes.map((result) => members[results[result]].dtype)
  const text = { reads: reads.map((input) => inputs[input].dtype), writes: dtypes, body: lines.join('\n') }
  return { shader: eachElement(text, productOf(sizes)), reads, writes }
}
