import { sameDims, showDims, type Dim } from './dim.js'
import type { DType } from './dtype.js'
import './methods.js'
import { applyPrimitive, type Shape } from './primitive.js'
import { placeholder, withGraph, type Node, type Tensor, type Value } from './tensor.js'

/**
 * A function of tensors as plain data: operations in an order in which each comes after what it needs. Only operations that
 * the outputs need are in it.
 */
export interface Program {
  readonly name: string
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly operations: readonly Node[]
}

export interface InputSpec {
  readonly dims: readonly Dim[]
  readonly dtype: DType
}

/** Records `f` once on symbolic inputs. The program has no captured tensors: whatever `f` uses it is given. */
export function record(
  name: string,
  inputs: readonly InputSpec[],
  f: (...inputs: Tensor[]) => readonly Value[],
): Program {
  return withGraph(name, () => {
    const placeholders = inputs.map(({ dims, dtype }) => placeholder(dims, dtype))
    return programOf(name, placeholders, f(...placeholders))
  })
}

/**
 * Records a body that may use tensors of the functions around it. Those become its first inputs; `captured` are the outer
 * tensors to pass for them.
 */
export function recordBody(
  name: string,
  inputs: readonly InputSpec[],
  f: (...inputs: Tensor[]) => readonly Value[],
): { body: Program; captured: readonly Tensor[] } {
  return withGraph(name, (graph) => {
    const placeholders = inputs.map(({ dims, dtype }) => placeholder(dims, dtype))
    const outputs = f(...placeholders)
    const outside = (x: Tensor) => x.graph !== graph
    const captured = reach(outputs, outside).leaves.filter(outside)
    return { body: programOf(name, [...captured, ...placeholders], outputs), captured }
  })
}

/** The program that computes `outputs` from `inputs`. Throws if they depend on anything else. */
export function programOf(name: string, inputs: readonly Tensor[], outputs: readonly Value[]): Program {
  const known = new Set<Value>(inputs)
  const { nodes, leaves } = reach(outputs, (x) => known.has(x))
  const stray = leaves.find((x) => !known.has(x))
  if (stray)
    throw new Error(
      `program "${name}" depends on a tensor ${stray.dtype} ${showDims(stray.dims)} that is not one of its inputs`,
    )
  return { name, inputs, outputs: outputs as readonly Tensor[], operations: nodes }
}

/** Operations that `outputs` need, in order, stopping at tensors for which `stop` holds; and the tensors where it ended. */
export function reach(outputs: readonly Value[], stop: (x: Tensor) => boolean): { nodes: Node[]; leaves: Tensor[] } {
  const nodes = new Set<Node>()
  const leaves = new Set<Tensor>()
  const pending = [...outputs] as Tensor[]
  for (let x = pending.pop(); x; x = pending.pop()) {
    if (stop(x) || !x.node) leaves.add(x)
    else if (!nodes.has(x.node)) {
      nodes.add(x.node)
      pending.push(...x.node.inputs)
    }
  }
  return { nodes: [...nodes].sort((a, b) => a.id - b.id), leaves: [...leaves] }
}

/** Records a program's operations again in the current graph, on other inputs; returns its outputs there. */
export function evaluate(program: Program, inputs: readonly Value[]): Tensor[] {
  const map = new Map<Tensor, Tensor>(program.inputs.map((x, i) => [x, inputs[i] as Tensor]))
  const at = (x: Tensor) => map.get(x) ?? x
  for (const node of program.operations) {
    const outputs = applyNode(node, node.inputs.map(at))
    node.outputs.forEach((y, i) => map.set(y, outputs[i]))
  }
  return program.outputs.map(at)
}

/** The operation of `node` recorded on other inputs, with the source location of the original. */
export function applyNode(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  return applyPrimitive(node.name, node.primitive, inputs, node.attributes, node.callSite)
}

/** Throws if an operation uses a value before it is made, or its results do not fit its rule. For tests of transforms. */
export function checkProgram(program: Program): void {
  const known = new Set<Tensor>(program.inputs)
  for (const node of program.operations) {
    for (const x of node.inputs)
      if (!known.has(x)) throw new Error(`${program.name}: ${node.name} uses a value before it is computed`)
    const shapes = [node.primitive.result(node.inputs, node.attributes)].flat() as Shape[]
    if (shapes.length !== node.outputs.length)
      throw new Error(`${program.name}: ${node.name} has ${node.outputs.length} results, its rule ${shapes.length}`)
    node.outputs.forEach((y, i) => {
      if (!sameDims(y.dims, shapes[i].dims) || y.dtype !== shapes[i].dtype)
        throw new Error(
          `${program.name}: result ${i} of ${node.name} is ${y.dtype} ${showDims(y.dims)}, its rule says ${shapes[i].dtype} ${showDims(shapes[i].dims)}`,
        )
      known.add(y)
    })
    for (const body of bodiesOf(node)) checkProgram(body)
  }
  for (const y of program.outputs) if (!known.has(y)) throw new Error(`${program.name}: an output is never computed`)
}

/** Programs inside an operation: the body of a scan or call. */
export function bodiesOf(node: Node): Program[] {
  const { body } = node.attributes as { body?: Program }
  return body ? [body] : []
}
