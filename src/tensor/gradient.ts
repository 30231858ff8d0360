import { sameDims, showDims } from './dim.js'
import { isFloat } from './dtype.js'
import { OpError } from './errors.js'
import { constant } from './ops/constant.js'
import { zeros } from './ops/fill.js'
import { applyPrimitive } from './primitive.js'
import { reach } from './program.js'
import { Tensor, withCallSite, type Value } from './tensor.js'
import { leavesOf, withLeaves, type Mapped } from './tree.js'

/**
 * Reverse-mode gradients: given those of `outputs`, the gradient of each of `inputs`, null where none flows.
 * `inputs` may be any tensors that the outputs were computed from.
 */
export function gradients(
  outputs: readonly Value[],
  cotangents: readonly (Value | null)[],
  inputs: readonly Value[],
): (Tensor | null)[] {
  const wanted = new Set<Value>(inputs.filter((x) => isFloat(x.dtype)))
  const { nodes } = reach(outputs, (x) => wanted.has(x))
  const depends = new Set<Value>(wanted)
  for (const node of nodes)
    if (node.inputs.some((x) => depends.has(x))) node.outputs.forEach((y) => isFloat(y.dtype) && depends.add(y))

  const sums = new Map<Value, Tensor>()
  const accumulate = (x: Value, grad: Value) => {
    const before = sums.get(x)
    sums.set(x, before ? before.add(grad as Tensor) : (grad as Tensor))
  }
  outputs.forEach((y, i) => {
    const grad = cotangents[i]
    if (grad && depends.has(y)) accumulate(y, grad)
  })
  for (const node of nodes.reverse()) {
    const needed = node.inputs.map((x) => depends.has(x))
    if (!needed.includes(true)) continue
    const grads = node.outputs.map((y) => sums.get(y) ?? null)
    if (grads.every((grad) => grad === null)) continue
    // The line of a gradient is that of the operation that it is of; where it was asked for says nothing.
    const results = withCallSite(node.callSite, () =>
      node.primitive.gradient({
        inputs: node.inputs,
        outputs: node.outputs,
        attributes: node.attributes,
        grad: grads[0] as Tensor,
        grads,
        needed,
        node,
        apply: (operands, attributes) => applyPrimitive(node.name, node.primitive, operands, attributes),
      }),
    )
    results.forEach((grad, i) => {
      if (!grad || !needed[i]) return
      const x = node.inputs[i]
      if (!sameDims(x.dims, grad.dims) || x.dtype !== grad.dtype)
        throw new Error(
          `the gradient of ${node.name} for input ${i} is ${grad.dtype} ${showDims(grad.dims)}, the input ${x.dtype} ${showDims(x.dims)}`,
        )
      accumulate(x, grad)
    })
  }
  return inputs.map((x) => sums.get(x) ?? null)
}

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor

/** Value and gradient with respect to the first argument of a function to a scalar. The gradient has that argument's tree. */
export function valueAndGrad<P, R extends readonly unknown[]>(f: (params: P, ...rest: R) => Tensor<never>) {
  return (params: P, ...rest: R): [value: Tensor<never>, grad: P] => {
    const [value, grad] = valueAndGradAux((p: P, ...r: R) => [f(p, ...r), null])(params, ...rest)
    return [value, grad]
  }
}

/** As `valueAndGrad` for a function that returns something else besides its scalar. */
export function valueAndGradAux<P, R extends readonly unknown[], A>(
  f: (params: P, ...rest: R) => readonly [Tensor<never>, A],
) {
  return (params: P, ...rest: R): [value: Tensor<never>, grad: P, aux: A] => {
    const leaves = leavesOf(params, isTensor)
    const integer = leaves.find((x) => !isFloat(x.dtype))
    if (integer)
      throw new OpError(
        'grad',
        [integer],
        `cannot differentiate with respect to ${integer.dtype}`,
        'pass it as another argument',
      )
    const [value, aux] = f(params, ...rest)
    if (value.dims.length > 0)
      throw new OpError('grad', [value], 'the function must return a scalar', 'reduce it: .sum(...) or .mean(...)')
    const found = gradients([value], [constant(1, value.dtype)], leaves)
    const grads = found.map((grad, i) => grad ?? zeros(leaves[i].dims, leaves[i].dtype))
    return [value, withLeaves(params, isTensor, grads) as Mapped<P, Tensor, Tensor> as P, aux]
  }
}

/** Gradient with respect to the first argument of a function to a scalar. */
export function grad<P, R extends readonly unknown[]>(
  f: (params: P, ...rest: R) => Tensor<never>,
): (params: P, ...rest: R) => P {
  return (params, ...rest) => valueAndGrad(f)(params, ...rest)[1]
}
