import { showDims, type Dim } from './dim.js'
import { bodiesOf, type Program } from './program.js'
import { sourceLocation } from './source-location.js'
import type { Node, Value } from './tensor.js'

export interface PrintOptions {
  /** Adds the source location of each operation. @default true */
  readonly locations?: boolean
  /** @deprecated Use `locations`. */
  readonly places?: boolean
}

/**
 * The program as text, an operation a line:
 * `  c = add a b                     f32 [batch 2, embd 3]   src/model/block.ts:12`
 */
export function printProgram(program: Program, { places = true, locations = places }: PrintOptions = {}): string {
  return printBody(program, new Map(), { next: 0 }, '', locations)
}

function printBody(
  program: Program,
  names: Map<Value, string>,
  counter: { next: number },
  indent: string,
  locations: boolean,
): string {
  const inner = new Map(names)
  const name = (x: Value) => {
    const known = inner.get(x) ?? letters(counter.next++)
    inner.set(x, known)
    return known
  }
  const typed = (x: Value) => `${x.dtype} ${showDims(x.dims)}`
  const lines = [`${indent}${program.name}(${program.inputs.map((x) => `${name(x)}: ${typed(x)}`).join(', ')}) {`]
  for (const node of program.operations) {
    const inputs = node.inputs.map(name)
    const outputs = node.outputs.map(name)
    const settings = showAttributes(node)
    const text = `${indent}  ${outputs.join(', ')} = ${[node.name, ...inputs].join(' ')}${settings && ` ${settings}`}`
    const types = node.outputs.map(typed).join(', ')
    lines.push(`${text.padEnd(48)} ${types}${locations ? `   ${sourceLocation(node.callSite)}` : ''}`.trimEnd())
    for (const body of bodiesOf(node)) lines.push(printBody(body, inner, counter, `${indent}    `, locations))
  }
  lines.push(`${indent}  return ${program.outputs.map(name).join(', ')}`, `${indent}}`)
  return lines.join('\n')
}

function showAttributes({ primitive, attributes }: Node): string {
  const shown = Object.entries(primitive.show(attributes)).map(([key, value]) => `${key}: ${showValue(value)}`)
  return shown.length === 0 ? '' : `{${shown.join(', ')}}`
}

function showValue(value: unknown): string {
  if (isDim(value)) return value.name
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

const isDim = (x: unknown): x is Dim => typeof x === 'object' && x !== null && 'name' in x && 'size' in x

/** a, b, ..., z, aa, ab, ... */
function letters(count: number): string {
  const last = String.fromCharCode(97 + (count % 26))
  return count < 26 ? last : letters(Math.floor(count / 26) - 1) + last
}
