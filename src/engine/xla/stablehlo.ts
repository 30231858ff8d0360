import { rolesOf, type Axes, type Placement } from '../../mesh/index.js'
import type { PrimitiveName, Role } from '../../tensor/index.js'
import type { Program } from '../../tensor/program.js'
import type { Node, Value } from '../../tensor/tensor.js'
import type { Row } from './row.js'
import { ROWS } from './rows.js'
import { Shardings } from './shardings.js'
import { typeOf, Writer } from './writer.js'

export interface PrintOptions {
  /** For each input the output that takes over its memory, or null. */
  readonly aliases?: readonly (number | null)[]
  /** Adds the caller's line to each operation, for XLA's error messages. Costs text. */
  readonly locations?: boolean
  /** Fixes the order in memory where XLA's CPU backend would choose badly (see cpu-dot.ts); for one device. */
  readonly physical?: boolean
  /** Lays the program over a mesh. */
  readonly placement?: Placement | null
  /** Roles of the inputs. @default all computation */
  readonly roles?: readonly Role[]
}

export interface Printed {
  readonly text: string
  /** Axes that split each input and output; all null without a placement. */
  readonly inputs: readonly Axes[]
  readonly outputs: readonly Axes[]
}

/** The program as a StableHLO module in generic text form, with one public function `main`. */
export function printStableHlo(program: Program, options: PrintOptions = {}): string {
  return printLaidOut(program, options).text
}

/** As `printStableHlo`, and how inputs and outputs are split. */
export function printLaidOut(program: Program, options: PrintOptions = {}): Printed {
  const { aliases = [], locations = false, physical = false, placement = null, roles = [] } = options
  const split = placement !== null && placement.mesh.size > 1
  const shardings = split ? new Shardings(placement) : null
  const writer = new Writer(locations, physical && !split, shardings)

  program.inputs.forEach((x, i) => shardings?.set(x, roles[i] ?? 'computation'))
  const { text, results } = printBody(writer, program)
  // An output that lies elsewhere cannot take over an input's memory.
  const axes = (x: Value): Axes => shardings?.axesOf(x) ?? x.dims.map(() => null)
  const alias = (i: number) => {
    const at = aliases[i] ?? null
    return at !== null && axes(program.inputs[i]).join() === axes(program.outputs[at]).join() ? at : null
  }
  const settings = (...list: (string | null)[]) => {
    const given = list.filter((each) => each !== null)
    return given.length > 0 ? ` {${given.join(', ')}}` : ''
  }
  const sharding = (x: Value) => shardings?.argument(x) ?? null
  const args = program.inputs.map((x, i) => {
    const at = alias(i)
    return `%arg${i}: ${typeOf(x)}${settings(at === null ? null : `tf.aliasing_output = ${at} : i32`, sharding(x))}`
  })
  const outs = program.outputs.map((x) => `${typeOf(x)}${settings(sharding(x))}`)
  const about = split
    ? ` attributes {mhlo.num_partitions = ${placement.mesh.size} : i32, mhlo.num_replicas = 1 : i32}`
    : ''
  const lines = [
    `module @${moduleName(program.name)}${about} {`,
    ...(shardings ? [`  ${shardings.mesh()}`] : []),
    `  func.func public @main(${args.join(', ')}) -> (${outs.join(', ')}) {`,
    `${text}    "func.return"(${results.join(', ')}) : (${program.outputs.map(typeOf).join(', ')}) -> ()`,
    '  }',
    '}',
  ]
  return {
    text: `${lines.join('\n')}\n`,
    inputs: program.inputs.map(axes),
    outputs: program.outputs.map(axes),
  }
}

/** A program's name as an MLIR identifier: letters, digits and _, of which a digit may not come first. */
export function moduleName(name: string): string {
  const word = name.replace(/\W/g, '_')
  return /^[A-Za-z_]/.test(word) ? word : `program${word && `_${word}`}`
}

function printBody(writer: Writer, program: Program): { text: string; results: string[] } {
  const results = printOperations(
    writer,
    program,
    program.inputs.map((_, i) => `%arg${i}`),
  )
  return { text: writer.text(), results }
}

/**
 * Whether the sharding of an operation's result is a constraint; XLA propagates that of others from operands and uses.
 * (XLA reads no sharding on an operation itself, only constraints beside it.)
 */
function isConstrained(node: Node): boolean {
  const { placement } = node.primitive.traits
  return placement === 'constrained' || placement === 'computes'
}

/** Prints a program's operations on inputs of these names; returns the names of its outputs. */
function printOperations(writer: Writer, program: Program, inputs: readonly string[]): string[] {
  const { shardings } = writer
  const names = new Map<Value, string>(program.inputs.map((x, i) => [x, inputs[i]]))
  const name = (x: Value) => {
    const found = names.get(x)
    if (!found) throw new Error(`${program.name}: a value is used before it is made`)
    return found
  }
  for (const node of program.operations) {
    const row = ROWS[node.name as PrimitiveName] as Row<unknown>
    let bodyRoles: readonly Role[] = []
    if (shardings) {
      const { outputs, body } = rolesOf(
        node,
        node.inputs.map((x) => shardings.roleOf(x)),
      )
      node.outputs.forEach((y, i) => shardings.set(y, outputs[i]))
      bodyRoles = body
    }
    const print = (body: Program, given: readonly string[]) => printOperations(writer, body, given)
    // A scan's loop names its body's values before they are printed.
    const { body } = node.attributes as { body?: Program }
    body?.inputs.forEach((x, i) => shardings?.set(x, bodyRoles[i]))
    writer.at(node)
    const results = row({
      writer,
      node,
      inputs: node.inputs.map(name),
      attributes: node.attributes,
      out: node.outputs[0],
      print,
    })
    const constrained = shardings !== null && isConstrained(node)
    node.outputs.forEach((y, i) => names.set(y, constrained ? writer.constrain(results[i], y) : results[i]))
  }
  return program.outputs.map(name)
}
