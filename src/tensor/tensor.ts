import type { Dim } from './dim.js'
import type { DType } from './dtype.js'
import { OpError } from './errors.js'
import type { AnyPrimitive, Shape } from './primitive.js'

declare const names: unique symbol

/** Any tensor, whatever its names: what functions take that do not look at the names' type. */
export interface Value {
  readonly dims: readonly Dim[]
  readonly dtype: DType
  readonly node: Node | null
  readonly graph: Graph
}

/** Where operations are recorded: one for each running `trace`, and one for each body inside it. */
export interface Graph {
  readonly parent: Graph | null
  readonly title: string
  closed: boolean
}

/** One recorded operation. `outputs` and `attributes` may grow by residuals when a gradient passes (gradient.ts). */
export interface Node {
  readonly id: number
  readonly name: string
  readonly primitive: AnyPrimitive
  readonly inputs: readonly Tensor[]
  attributes: unknown
  outputs: readonly Tensor[]
  readonly graph: Graph
  /** Made with the operation: `sourceLocation` reads the caller's line from its stack. */
  readonly callSite: Error
}

/**
 * A symbolic tensor: dims with names, a dtype, and its node in a graph. It holds no numbers; a program made by `trace`
 * does, when an engine runs it. `N` is the union of the dims' names, so a wrong dim is an error of the type checker.
 */
export class Tensor<in out N extends string = any> {
  declare readonly [names]: (name: N) => N

  constructor(
    readonly dims: readonly Dim<N>[],
    readonly dtype: DType,
    /** Null for the inputs of a program. */
    readonly node: Node | null,
    readonly graph: Graph,
  ) {}
}

/**
 * Elementwise and reducing operations as methods (see the functions of the same names); methods.ts attaches them, which
 * lets the operations import this file.
 */
export interface Tensor<in out N extends string = any> {
  add<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  sub<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  mul<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  div<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  pow<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  maximum<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  minimum<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  less<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  lessEqual<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  greater<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  greaterEqual<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  equal<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  notEqual<M extends string = never>(other: Tensor<M> | number): Tensor<N | M>
  neg(): Tensor<N>
  exp(): Tensor<N>
  log(): Tensor<N>
  sqrt(): Tensor<N>
  rsqrt(): Tensor<N>
  square(): Tensor<N>
  tanh(): Tensor<N>
  abs(): Tensor<N>
  cast(dtype: DType): Tensor<N>
  rename<A extends N, B extends string>(from: Dim<A>, to: Dim<B>): Tensor<Exclude<N, A> | B>
  sum(): Tensor<never>
  sum<R extends N>(...over: Dim<R>[]): Tensor<Exclude<N, R>>
  mean(): Tensor<never>
  mean<R extends N>(...over: Dim<R>[]): Tensor<Exclude<N, R>>
  max(): Tensor<never>
  max<R extends N>(...over: Dim<R>[]): Tensor<Exclude<N, R>>
  min(): Tensor<never>
  min<R extends N>(...over: Dim<R>[]): Tensor<Exclude<N, R>>
}

/** The names of a tensor's dims, as a type. */
export type NamesOf<T> = T extends { readonly dims: readonly Dim<infer N>[] } ? N : never

let current: Graph | null = null
let count = 0

/** The graph that operations are recorded in now. Throws outside of `trace`. */
export function currentGraph(): Graph {
  if (!current)
    throw new Error(
      'tensor operations are recorded by trace, jit or grad: call this inside a function given to one of them',
    )
  return current
}

/** Runs `f` with a fresh graph to record into. The graph is closed afterwards: its tensors cannot be used outside of it. */
export function withGraph<T>(title: string, f: (graph: Graph) => T): T {
  const graph: Graph = { parent: current, title, closed: false }
  const before = current
  current = graph
  try {
    return f(graph)
  } finally {
    current = before
    graph.closed = true
  }
}

/** An input of the program being recorded. */
export function placeholder(dims: readonly Dim[], dtype: DType): Tensor {
  return new Tensor(dims, dtype, null, currentGraph())
}

export function makeNode(
  name: string,
  primitive: AnyPrimitive,
  inputs: readonly Value[],
  attributes: unknown,
  shapes: readonly Shape[],
  graph: Graph,
  callSite = inherited ?? capture(),
): Node {
  for (const input of inputs)
    if (input.graph.closed)
      throw new OpError(
        name,
        inputs,
        `an operand belongs to "${input.graph.title}", which has ended`,
        'return it from that function and use the returned tensor',
      )
  const node: Node = {
    id: count++,
    name,
    primitive,
    inputs: inputs as readonly Tensor[],
    attributes,
    outputs: [],
    graph,
    callSite,
  }
  node.outputs = shapes.map(({ dims, dtype }) => new Tensor(dims, dtype, node, graph))
  return node
}

/** The line that operations are recorded with, if not that of their caller. */
let inherited: Error | null = null

/** Runs `f` such that operations are recorded with a line of other code, or with null with that of their own caller. */
export function withCallSite<T>(callSite: Error | null, f: () => T): T {
  const before = inherited
  inherited = callSite
  try {
    return f()
  } finally {
    inherited = before
  }
}

/** Frames deep enough to leave `tensor/`, whatever limit the host set. */
function capture(): Error {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 16
  const made = new Error()
  Error.stackTraceLimit = before
  return made
}
