import type { AttributesOf, PrimitiveName } from '../../tensor/ops/index.js'
import type { Program } from '../../tensor/program.js'
import type { Node, Value } from '../../tensor/tensor.js'
import type { Writer } from './writer.js'

export interface RowArgs<A> {
  readonly writer: Writer
  readonly node: Node
  /** Names of the operands. */
  readonly inputs: readonly string[]
  readonly attributes: A
  readonly out: Value
  /** Prints the operations of a body on inputs of these names; returns the names of its outputs. */
  readonly print: (body: Program, inputs: readonly string[]) => string[]
}
/** Prints one operation and returns the names of its results. */
export type Row<A> = (args: RowArgs<A>) => string[]

/** Rows for some primitives: the compiler refuses a missing one. */
export type Rows<P extends PrimitiveName> = { readonly [Q in P]: Row<AttributesOf<Q>> }
