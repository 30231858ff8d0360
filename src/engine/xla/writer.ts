import type { DType } from '../../tensor/dtype.js'
import { sizeOf } from '../../tensor/dim.js'
import { sourceLocation } from '../../tensor/source-location.js'
import type { Shape } from '../../tensor/primitive.js'
import type { Node } from '../../tensor/tensor.js'
import type { Shardings } from './shardings.js'

/** `tensor<16x256xf32>` */
export function typeOf(x: Shape): string {
  return `tensor<${x.dims.map(({ size }) => `${size}x`).join('')}${ELEMENT[x.dtype]}>`
}

const ELEMENT: Record<DType, string> = { f32: 'f32', bf16: 'bf16', f16: 'f16', i32: 'i32', u32: 'ui32', bool: 'i1' }

/** Lines of MLIR with fresh value names and indentation. */
export class Writer {
  private readonly lines: string[] = []
  private depth = 2
  private count = 0
  private location = ''

  constructor(
    private readonly locations: boolean,
    readonly physical: boolean,
    readonly shardings: Shardings | null,
  ) {}

  text(): string {
    return this.lines.join('')
  }

  /** Operations printed from here on come from this node's line of user code. */
  at(node: Node): void {
    if (!this.locations) return
    const location = sourceLocation(node.callSite)
    const colon = location.lastIndexOf(':')
    this.location = location ? ` loc("${location.slice(0, colon)}":${location.slice(colon + 1)}:1)` : ''
  }

  line(text: string): void {
    this.lines.push(`${'  '.repeat(this.depth)}${text}\n`)
  }

  open(text: string): void {
    this.line(text)
    this.depth++
  }

  close(text: string): void {
    this.depth--
    this.line(text)
  }

  fresh(): string {
    return `%${this.count++}`
  }

  constant(value: string, type: Shape): string {
    const name = this.fresh()
    this.line(
      `${name} = "stablehlo.constant"() {value = dense<${value}> : ${typeOf(type)}} : () -> ${typeOf(type)}${this.location}`,
    )
    return name
  }

  /** An operation with one result. */
  op(op: string, inputs: readonly string[], types: readonly Shape[], out: Shape, attributes = ''): string {
    const name = this.fresh()
    const settings = attributes && ` {${attributes}}`
    this.line(
      `${name} = "stablehlo.${op}"(${inputs.join(', ')})${settings} : (${types.map(typeOf).join(', ')}) -> ${typeOf(out)}${this.location}`,
    )
    return name
  }

  reshape(name: string, from: Shape, to: Shape): string {
    return typeOf(from) === typeOf(to) ? name : this.op('reshape', [name], [from], to)
  }

  transpose(name: string, from: Shape, permutation: readonly number[], to: Shape): string {
    return permutation.every((axis, i) => axis === i)
      ? name
      : this.op('transpose', [name], [from], to, `permutation = ${longs(permutation)}`)
  }

  /**
   * The same value, row-major in memory. XLA's layout assignment may give any value another layout, but a one-dimensional
   * one has just one, and the barrier keeps the two reshapes from cancelling.
   */
  materializeRowMajor(name: string, shape: Shape): string {
    const flat = shaped([{ name: 'flat', size: sizeOf(shape.dims) }], shape.dtype)
    return this.reshape(
      this.many('optimization_barrier', [this.reshape(name, shape, flat)], [flat], [flat])[0],
      flat,
      shape,
    )
  }

  /** An operation with several results. */
  many(op: string, inputs: readonly string[], types: readonly Shape[], outs: readonly Shape[]): string[] {
    const name = this.fresh()
    this.line(
      `${this.bind(name, outs)} = "stablehlo.${op}"(${inputs.join(', ')}) : ${signature(types, outs)}${this.location}`,
    )
    return this.results(name, outs)
  }

  /** An operation with a region of scalars. */
  region(
    op: string,
    inputs: readonly string[],
    types: readonly Shape[],
    outs: readonly Shape[],
    print: (region: Region) => void,
    attributes: string,
  ): string[] {
    const name = this.fresh()
    this.open(`${this.bind(name, outs)} = "stablehlo.${op}"(${inputs.join(', ')}) ({`)
    print(new Region(this))
    this.close(`}) {${attributes}} : ${signature(types, outs)}${this.location}`)
    return this.results(name, outs)
  }

  reduce(reducer: string, input: string, x: Shape, identity: string, out: Shape, axes: readonly number[]): string {
    const scalar = shaped([], x.dtype)
    return this.region(
      'reduce',
      [input, this.constant(identity, scalar)],
      [x, scalar],
      [out],
      (region) => region.binary(reducer, x.dtype),
      `dimensions = ${longs(axes)}`,
    )[0]
  }

  loop(
    start: readonly string[],
    types: readonly Shape[],
    condition: (region: Region, state: readonly string[]) => void,
    body: (state: readonly string[]) => readonly string[],
  ): string[] {
    const name = this.fresh()
    const list = types.map(typeOf).join(', ')
    this.open(`${this.bind(name, types)} = "stablehlo.while"(${start.join(', ')}) ({`)
    const block = () => {
      const state = types.map(() => this.fresh())
      this.line(`^bb0(${state.map((x, i) => `${x}: ${typeOf(types[i])}`).join(', ')}):`)
      return state
    }
    condition(new Region(this), block())
    this.close('}, {')
    this.depth++
    const results = body(block())
    this.line(`"stablehlo.return"(${results.join(', ')}) : (${list}) -> ()`)
    this.close(`}) : (${list}) -> (${list})${this.location}`)
    return this.results(name, types)
  }

  /** The same value, laid out for its new role. */
  relayout(name: string, from: Shape, to: Shape): string {
    const { shardings } = this
    return !shardings || shardings.axesOf(from).join() === shardings.axesOf(to).join() ? name : this.constrain(name, to)
  }

  /** The same value, constrained to the sharding that its dims' names give. */
  constrain(name: string, value: Shape): string {
    if (!this.shardings || value.dims.length === 0) return name
    const made = this.fresh()
    this.line(
      `${made} = sdy.sharding_constraint ${name} ${this.shardings.of(value)} : ${typeOf(value)}${this.location}`,
    )
    return made
  }

  private bind(name: string, outs: readonly Shape[]): string {
    return outs.length === 1 ? name : `${name}:${outs.length}`
  }

  private results(name: string, outs: readonly Shape[]): string[] {
    return outs.length === 1 ? [name] : outs.map((_, i) => `${name}#${i}`)
  }
}

/** The inside of a reducer or comparator: operations on scalars. */
export class Region {
  constructor(private readonly writer: Writer) {}

  args(dtypes: readonly DType[]): string[] {
    const names = dtypes.map(() => this.writer.fresh())
    this.writer.line(`^bb0(${names.map((name, i) => `${name}: tensor<${ELEMENT[dtypes[i]]}>`).join(', ')}):`)
    return names
  }

  scalar(op: string, inputs: readonly string[], dtype: DType, out: DType, attributes = ''): string {
    const type = (of: DType) => shaped([], of)
    return this.writer.op(
      op,
      inputs,
      inputs.map(() => type(dtype)),
      type(out),
      attributes,
    )
  }

  select(which: string, a: string, b: string, dtype: DType): string {
    const type = (of: DType) => shaped([], of)
    return this.writer.op('select', [which, a, b], [type('bool'), type(dtype), type(dtype)], type(dtype))
  }

  return(values: readonly string[], dtypes: readonly DType[]): void {
    this.writer.line(
      `"stablehlo.return"(${values.join(', ')}) : (${dtypes.map((dtype) => `tensor<${ELEMENT[dtype]}>`).join(', ')}) -> ()`,
    )
  }

  /** A region that is one operation of two scalars. */
  binary(op: string, dtype: DType): void {
    const [a, b] = this.args([dtype, dtype])
    this.return([this.scalar(op, [a, b], dtype, dtype)], [dtype])
  }
}

export const shaped = (dims: Shape['dims'], dtype: DType): Shape => ({ dims, dtype })

const signature = (types: readonly Shape[], outs: readonly Shape[]) =>
  `(${types.map(typeOf).join(', ')}) -> (${outs.map(typeOf).join(', ')})`

export const longs = (values: readonly number[]) => `array<i64${values.length ? ': ' : ''}${values.join(', ')}>`
