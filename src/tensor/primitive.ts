import type { Dim } from './dim.js'
import type { DType } from './dtype.js'
import { currentGraph, makeNode, type Node, type Tensor, type Value } from './tensor.js'
import type { Traits } from './traits.js'

/** What an operation's result looks like. */
export interface Shape {
  readonly dims: readonly Dim[]
  readonly dtype: DType
}

export interface GradientArgs<A> {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly attributes: A
  /** Gradient of the first output. */
  readonly grad: Tensor
  /** Gradients of all outputs; null where nothing depends on one. */
  readonly grads: readonly (Tensor | null)[]
  /** Inputs whose gradient is wanted. */
  readonly needed: readonly boolean[]
  readonly node: Node
  /** Records the same primitive on other operands; returns all results. */
  readonly apply: (inputs: readonly Value[], attributes: A) => readonly Tensor[]
}

/** A gradient for each input, or null. */
export type Grads = readonly (Tensor | null)[]

export interface Primitive<A> {
  /** Dims and dtype of each result, or an OpError. Inputs and attributes are all that it may look at. */
  result(inputs: readonly Shape[], attributes: A): Shape | readonly Shape[]
  /** Gradient of each input; null for an input that none flows to (integers, booleans, shapes only). */
  gradient(args: GradientArgs<A>): Grads
  /** What a printed program shows of the attributes, in order. */
  show(attributes: A): Readonly<Record<string, unknown>>
  /** What engines, meshes and plans need to know of it. */
  readonly traits: Traits<A>
}

/** A primitive as a node has it, whose attributes are of any kind. */
export type AnyPrimitive = Primitive<any>

export interface Apply<P extends string, A> {
  <N extends string = any>(inputs: readonly Value[], attributes: A): Tensor<N>
  /** All results, for primitives that have several. */
  all(inputs: readonly Value[], attributes: A): readonly Tensor[]
  readonly primitive: Primitive<A>
  readonly primitiveName: P
}

/**
 * Defines a primitive operation, in one file: its result's dims, its gradient, how it prints, its traits. Engines add
 * a row each, and do not compile without it (the tables are typed over `primitives` in ops/index.ts).
 */
export function primitive<const P extends string, A>(name: P, rules: Primitive<A>): Apply<P, A> {
  const all = (inputs: readonly Value[], attributes: A): readonly Tensor[] =>
    applyPrimitive(name, rules, inputs, attributes)
  return Object.assign(
    <N extends string>(inputs: readonly Value[], attributes: A) => all(inputs, attributes)[0] as Tensor<N>,
    {
      all,
      primitive: rules,
      primitiveName: name,
    },
  )
}

/** Records an operation in the current graph; `callSite` is where it was called, if not here. Returns all results. */
export function applyPrimitive<A>(
  name: string,
  rules: Primitive<A>,
  inputs: readonly Value[],
  attributes: A,
  callSite?: Error,
): readonly Tensor[] {
  const shapes = [rules.result(inputs, attributes)].flat() as Shape[]
  return makeNode(name, rules, inputs, attributes, shapes, currentGraph(), callSite).outputs
}
