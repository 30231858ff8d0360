import type { Dim } from './dim.js'
import { OpError } from './errors.js'
import { callOp, scanOp, type CustomGradient, type Keep } from './ops/control.js'
import { record, recordBody, type InputSpec, type Program } from './program.js'
import { Tensor, type Value } from './tensor.js'
import { leavesOf, mapLeaves, withLeaves } from './tree.js'

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor
const specOf = ({ dims, dtype }: Value): InputSpec => ({ dims, dtype })

/** What `trace` takes instead of a tensor: dims and dtype. */
export class Spec<N extends string = any> implements InputSpec {
  constructor(
    readonly dims: readonly Dim<N>[],
    readonly dtype: Tensor['dtype'] = 'f32',
  ) {}
}
/** Whether a leaf describes an input. */
export function isSpec(x: unknown): x is Spec {
  return x instanceof Spec
}

/** Describes an input of a program: `spec([batch, sequence], 'i32')`. */
export function spec<N extends string>(dims: readonly Dim<N>[], dtype: Tensor['dtype'] = 'f32'): Spec<N> {
  return new Spec(dims, dtype)
}

/** A program with the tree of what its function returned. */
export interface Traced<R> {
  readonly program: Program
  /** The function's result, its tensors standing for the program's outputs in order. */
  readonly result: R
}

/**
 * Records a function of trees of tensors on symbolic inputs. Arguments are trees of `spec(...)`; the inputs of the program
 * are their leaves in order, its outputs the leaves of the result.
 */
export function trace<R>(f: (...args: any[]) => R, args: readonly unknown[], name = f.name || 'program'): Traced<R> {
  let result: R | undefined
  const program = record(name, leavesOf(args, isSpec), (...inputs) => {
    result = f(...(withLeaves(args, isSpec, inputs) as readonly unknown[]))
    return leavesOf(result, isTensor)
  })
  return { program, result: result as R }
}

/**
 * Runs `f` such that its gradient recomputes intermediate values rather than keeping them: all of them ('nothing' is
 * kept), or all but the results of products and reductions ('products'). Trades time for memory. Source: Chen et al. 2016,
 * "Training Deep Nets with Sublinear Memory Cost".
 */
export function remat<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  keep: Keep = 'nothing',
): (...args: A) => R {
  return (...args) => {
    const inputs = leavesOf(args, isTensor)
    let result: R | undefined
    const { body, captured } = recordBody(f.name || 'remat', inputs.map(specOf), (...xs) => {
      result = f(...(withLeaves(args, isTensor, xs) as unknown as A))
      return leavesOf(result, isTensor)
    })
    const outputs = callOp.all([...captured, ...inputs], { body, keep })
    return withLeaves(result, isTensor, outputs) as R
  }
}

/** @deprecated Use `remat`: a checkpoint is a saved model. */
export const checkpoint = remat

/** A function of tensors with a gradient written by hand. It may use no tensors but its inputs. */
export function withGradient(
  name: string,
  custom: CustomGradient,
  f: (inputs: readonly Tensor[]) => readonly Value[],
): (inputs: readonly Value[]) => readonly Tensor[] {
  return (inputs) =>
    callOp.all(inputs, { body: record(name, inputs.map(specOf), (...xs) => f(xs)), keep: 'all', custom })
}

/**
 * Runs `body(carry, slice)` for each element of `along`, passing the carry on; returns the last carry and the results of
 * all steps, stacked along `along` as first dim. `xs` is a tree of tensors with that dim, `carry` any tree of tensors.
 * Compile time does not grow with the number of steps. `keep` says what the gradient keeps of each step (see `remat`).
 * The body may use tensors from around it. Source of the idea: JAX `lax.scan`.
 */
export function scan<C, X, Y>(
  along: Dim,
  carry: C,
  xs: X,
  body: (carry: C, slice: X) => readonly [C, Y],
  options: { reverse?: boolean; keep?: Keep } = {},
): [C, Y] {
  const carried = leavesOf(carry, isTensor)
  const stacks = leavesOf(xs, isTensor).map((x) => leadingWith(x, along))
  let stacked: Y | undefined
  const slices = stacks.map((x) => ({ dims: x.dims.slice(1), dtype: x.dtype }))
  const { body: program, captured } = recordBody('scan', [...carried.map(specOf), ...slices], (...inputs) => {
    const state = withLeaves(carry, isTensor, inputs.slice(0, carried.length)) as C
    const slice = withLeaves(xs, isTensor, inputs.slice(carried.length)) as X
    const [next, y] = body(state, slice)
    stacked = y
    return [...leavesOf(next, isTensor), ...leavesOf(y, isTensor)]
  })
  const outputs = scanOp.all([...captured, ...carried, ...stacks], {
    body: program,
    along,
    constants: captured.length,
    carry: carried.length,
    reverse: options.reverse ?? false,
    keep: options.keep ?? 'products',
  })
  return [
    withLeaves(carry, isTensor, outputs.slice(0, carried.length)) as C,
    withLeaves(stacked, isTensor, outputs.slice(carried.length)) as Y,
  ]
}

function leadingWith(x: Tensor, along: Dim): Tensor {
  if (x.dims[0]?.name === along.name && x.dims[0].size === along.size) return x
  throw new OpError(
    'scan',
    [x],
    `the first dim of what is scanned must be "${along.name}" of size ${along.size}`,
    'transpose it to the front',
  )
}

/** Replaces each tensor of a tree. */
export function mapTensors<X>(tree: X, f: (x: Tensor, path: string) => Value): X {
  return mapLeaves(tree, isTensor, f) as X
}
